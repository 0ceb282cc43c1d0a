"""Keys of variables that a function restores, as a SavedModel of TensorFlow 2 has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bninspect.graphdef import TensorValue
from bninspect.graphdef.reader import records
from bninspect.graphdef.schema import message_class
from bninspect.models.checkpoint.checkpoint import Checkpoint
from bninspect.models.checkpoint.keys import values_of


def strings(node: Any, *texts: bytes) -> None:
    """Makes the node a Const of these strings."""
    node.op = "Const"
    node.attr["dtype"].type = 7
    tensor = node.attr["value"].tensor
    tensor.dtype = 7
    tensor.tensor_shape.dim.add(size=len(texts))
    tensor.string_val.extend(texts)


def model() -> Any:
    """A variable that a called function restores from another key than its name."""
    graph = message_class("GraphDef")()
    variable = graph.node.add(name="weights", op="VarHandleOp")
    variable.attr["dtype"].type = 1
    variable.attr["shape"].shape.dim.add(size=2)
    graph.node.add(name="file", op="Placeholder").attr["dtype"].type = 7
    call = graph.node.add(name="call", op="StatefulPartitionedCall", input=["file", "weights"])
    call.attr["f"].func.name = "restore"
    function = graph.library.function.add()
    function.signature.name = "restore"
    function.signature.input_arg.add(name="file", type=7)
    function.signature.input_arg.add(name="handle", type=20)
    strings(function.node_def.add(name="keys"), b"layers/0/kernel")
    strings(function.node_def.add(name="slices"), b"")
    read = function.node_def.add(name="read", op="RestoreV2")
    read.input.extend(["file", "keys:output:0", "slices:output:0"])
    read.attr["dtypes"].list.type.append(1)
    same = function.node_def.add(name="same", op="Identity", input=["read:tensors:0"])
    same.attr["T"].type = 1
    function.node_def.add(name="put", op="AssignVariableOp", input=["handle", "same:output:0"])
    function.control_ret["put"] = "put"
    return graph


def test_a_restore_function_of_several_nodes() -> None:
    value = message_class("TensorProto")(dtype=1, float_val=[0.5, -2.0])
    value.tensor_shape.dim.add(size=2)
    checkpoint = Checkpoint("prefix", {"layers/0/kernel": TensorValue(value)})
    found = values_of(records(model().SerializeToString(), "model.pb"), checkpoint)
    np.testing.assert_array_equal(found["weights"].array(), np.array([0.5, -2.0], np.float32))
