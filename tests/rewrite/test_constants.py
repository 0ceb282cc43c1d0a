"""What reads a variable reads the constant in its place, or is named where it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RewriteError
from bninspect.graph import Graph, flatten
from bninspect.graph.trace import stored_value
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.rewrite.freeze import frozen
from tests.support.listing import listed
from tests.support.text import graph

ROWS = """
table = VarHandleOp(dtype=float, shape=[3, 2])
rows = Placeholder(dtype=int32)
"""


def with_table(line: str) -> Graph:
    """The graph with this line, and six numbers for its variable."""
    value = message_class("TensorProto")(dtype=1, float_val=range(6))
    for size in (3, 2):
        value.tensor_shape.dim.add(size=size)
    record = graph(ROWS + line + "\ny = Relu(read)\n").graphdef
    return flatten(replace(record, variables={"table": TensorValue(value)}))


def test_a_gather_that_does_not_say_its_batch_dims() -> None:
    """TensorFlow before 1.14 had none: it gathers rows of axis 0."""
    found = frozen(
        inspect(with_table("read = ResourceGather(table, rows, dtype=float, Tindices=int32)"))
    ).graph
    gather = next(node for node in found if node.op == "GatherV2")
    axis = stored_value(gather.inputs[2].node)
    assert axis is not None
    assert axis.array() == np.array(0)
    assert gather.attr("batch_dims", 0) == 0


def test_an_op_that_is_not_known_to_read_a_variable() -> None:
    with pytest.raises(
        RewriteError, match=r"ResourceForeign read reads the variable table in a way that cannot"
    ):
        frozen(inspect(with_table("read = ResourceForeign(table, rows, dtype=float)")))


def test_an_op_that_is_known_to_read_it_is_no_obstacle() -> None:
    found = frozen(inspect(with_table("read = ReadVariableOp(table, dtype=float)"))).graph
    assert {node.op for node in found} == {"Const", "Relu"}


VARIABLES = """
x = Placeholder(dtype=float)
one = Const(1.0)
a = VariableV2(dtype=float, shape=[2])
b = VariableV2(dtype=float, shape=[2])
h = VarHandleOp(dtype=float, shape=[2])
"""


def freeze(lines: str) -> list[str]:
    """What is written of these lines, less the variables, by name; all of them have values."""
    message = message_class("TensorProto")(dtype=1, float_val=[1, 2])
    message.tensor_shape.dim.add(size=2)
    record = replace(graph(VARIABLES + lines).graphdef, variables=dict.fromkeys("abh", TensorValue(message)))
    written = sorted(listed(frozen(inspect(flatten(record))).graph.graphdef))
    return [line for line in written if not line.startswith(("x ", "one ", "a ", "b ", "h "))]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("y = Add(a, x)", ["y = Add(a, x)"]),
        ("r = Identity(a, T=float)\ny = Neg(r)", ["r = Identity(a) T=float", "y = Neg(r)"]),
        ("i = IsVariableInitialized(a)\ny = Not(i)", ["i = Const() dtype=bool value=boolTrue", "y = Not(i)"]),
        ("i = VarIsInitializedOp(h)\ny = Not(i)", ["i = Const() dtype=bool value=boolTrue", "y = Not(i)"]),
        ("r = RefIdentity(a, N=3, _output_shapes=3)\ny = Neg(r)",
         ["r = Identity(a) N=3 T=float", "y = Neg(r)"]),
        ("p = Const(true)\ns = RefSwitch(a, p)\ny = Neg(s:1)",
         ["p = Const() dtype=bool value=boolTrue", "s = Switch(a, p) T=float", "y = Neg(s:1)"]),
        ("m = RefMerge(a, a, N=2)\nr = RefIdentity(m)\ny = Neg(r)",
         ["m = Merge(a, a) N=2 T=float", "r = Identity(m) T=float", "y = Neg(r)"]),
        ("r = ReadVariableOp(h)\ny = Neg(r)", ["y = Neg(h)"]),
        ("i = Identity(h, T=resource)\nr = ReadVariableOp(i)\ny = Neg(r)",
         ["i = Identity(h) T=float", "y = Neg(i)"]),
        ("n = VariableShape(h)\ny = Neg(n)", ["n = Shape(h) T=float out_type=int32", "y = Neg(n)"]),
        ("n = VariableShape(h, out_type=int64)\ny = Neg(n)",
         ["n = Shape(h) T=float out_type=int64", "y = Neg(n)"]),
        ("g = ResourceGather(h, x, Tindices=int64, batch_dims=1)\ny = Neg(g)",
         ["g = GatherV2(h, x, g/axis) Taxis=int32 Tindices=int64 Tparams=float batch_dims=1", "y = Neg(g)",
          "g/axis = Const() dtype=int32 value=int321"]),
        ("g = ResourceGather(h, x)\ny = Neg(g)",
         ["g = GatherV2(h, x, g/axis) Taxis=int32 Tindices=int32 Tparams=float", "y = Neg(g)",
          "g/axis = Const() dtype=int32 value=int320"]),
        ("g = ResourceGatherNd(h, x, Tindices=int64)\ny = Neg(g)",
         ["g = GatherNd(h, x) Tindices=int64 Tparams=float", "y = Neg(g)"]),
    ],
    ids=[
        "a reference", "an Identity", "whether it has a value", "whether a handle has",
        "a reference handed on", "by a Switch", "by a Merge", "a read", "a handle handed on", "a shape",
        "a long shape", "a gather of batches", "a gather", "a gather by places",
    ],
)  # fmt: skip
def test_what_reads_a_variable_reads_its_constant(lines: str, found: list[str]) -> None:
    assert freeze(lines) == sorted(found)


@pytest.mark.parametrize(
    "lines",
    [
        "r = Identity(a)\ny = Add(a, x, ^r)",
        "r = Identity(a)\nn = Neg(r)\ny = Add(a, x, ^n)",
        "w = Assign(a, x)\nv = Assign(b, x)\nn = NoOp(^w)\ny = Add(b, x, ^n)",
        "w = Assign(a, x)\nn = NoOp(^w)\ny = Add(b, x, ^n)",
        "w = Assign(a, x)\nm = Merge(x, n)\nn = NextIteration(m)\ny = Add(a, x, ^n)",
        "w = Assign(a, x)\ny = Add(a, x, ^one)",
        "w = Assign(a, x)\ny = Add(a, x)",
        "w = AssignVariableOp(h, x)\nr = ReadVariableOp(h, ^one)\ny = Neg(r)",
    ],
    ids=[
        "behind a read", "behind what computes", "behind a change of another variable",
        "behind a change of the only other one", "behind a ring", "beside a change",
        "waiting for nothing", "by handle, beside a change",
    ],
)  # fmt: skip
def test_a_variable_that_did_not_change_before_is_a_constant(lines: str) -> None:
    assert freeze(lines)[-1].startswith("y = ")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("w = Assign(a, x)\ny = Add(a, x, ^w)", "Add y reads the variable a after Assign w changed it"),
        ("w = Assign(a, x)\nn = NoOp(^w)\ny = Add(a, x, ^n)", "a after Assign w changed it"),
        ("w = Assign(b, x)\nv = Assign(a, x)\nn = NoOp(^w, ^v)\ny = Add(a, x, ^n)", "a after Assign v "),
        ("w = Assign(a, x)\nv = AssignAdd(a, x)\nn = NoOp(^v)\nm = NoOp(^w, ^n)\ny = Add(a, x, ^m)",
         "a after Assign w changed"),
        ("w = AssignVariableOp(h, x)\nr = ReadVariableOp(h, ^w)\ny = Neg(r)",
         "h after AssignVariableOp w changed it"),
    ],
    ids=["at once", "by another node", "both changed", "twice", "by handle"],
)  # fmt: skip
def test_a_variable_that_changed_before_is_no_constant(lines: str, reason: str) -> None:
    with pytest.raises(RewriteError, match=reason):
        freeze(lines)
