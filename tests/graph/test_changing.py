"""What changes a variable, held against the ops that TensorFlow registers; and that it is no output."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RewriteError
from bninspect.graph import flatten
from bninspect.graph.ops import mutates
from bninspect.graph.updates import updates_of_constants
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.rewrite.freeze import frozen
from tests.support.catching import fused
from tests.support.parts import STORED, report
from tests.support.text import graph

READ = {
    "ReadVariableOp", "ReadVariableXlaSplitND", "ResourceGather", "ResourceGatherNd", "VariableShape",
    "VarIsInitializedOp", "IsVariableInitialized", "DisableCopyOnRead",
}  # fmt: skip
"""Ops on a variable that leave it as it is."""
OTHERS = ("Stateful", "Rng", "Iterator", "ExperimentalIterator", "FakeQueue")
"""How ops begin whose `resource` is a generator of random numbers, or a queue."""
GIVEN_TOO = {"CountUpTo", "ResourceCountUpTo", "DestroyTemporaryVariable", "DestroyResourceOp"}
"""Ops that count a variable up, or end it, and are used for the number that they give."""


@pytest.mark.tensorflow
def test_what_tensorflow_declares_to_take_a_variable_changes_it_or_is_known_to_read() -> None:
    tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is the truth")
    from tensorflow.python.framework import op_def_registry

    declared = {}
    for name in dir(tf.raw_ops):
        declaration = None if name.startswith("_") else op_def_registry.get(name)
        if declaration is not None and declaration.input_arg:
            first = declaration.input_arg[0]
            is_variable = first.name in ("ref", "var", "resource") and (first.is_ref or first.type == 20)
            declared[name] = is_variable
    variable = {name for name, takes in declared.items() if takes and not name.startswith(OTHERS)}
    assert len(variable) > 80
    assert {name for name in declared if mutates(name)} == variable - READ - GIVEN_TOO


@pytest.mark.parametrize(
    "op", ["ScatterNd", "ScatterNdNonAliasingAdd", "Identity", "ReadVariableOp", "Const"]
)
def test_what_makes_a_new_tensor_changes_none(op: str) -> None:
    assert not mutates(op)


@pytest.mark.parametrize(("op", "is_output"), [("ScatterNd", True), ("ScatterUpdate", False)])
def test_a_scattered_tensor_is_an_output_and_a_scattered_variable_is_none(op: str, is_output: bool) -> None:
    lines = f"places = Const([0])\nhead = {op}(y, places, y)\n"
    outputs = [tensor.node.name for tensor in report(STORED + fused() + lines).outputs]
    assert ("head" in outputs) == is_output


@pytest.mark.parametrize(
    "change", ["Assign(kept, one, T=float)", "StridedSliceAssign(kept, at, at, at, one, T=float)"]
)
def test_a_variable_that_is_read_after_a_change_is_not_frozen(change: str) -> None:
    """Also when only a slice of it was changed: the value that it had before is not what is served."""
    text = "kept = VariableV2(dtype=float, shape=[1])\none = Const([1.0])\nat = Const([0])\n"
    text += f"write = {change}\nread = Identity(kept, ^write, T=float)\ny = Relu(read)\n"
    value = TensorValue(message_class("TensorProto")(dtype=1, float_val=[2.0]))
    model = flatten(replace(graph(text).graphdef, variables={"kept": value}))
    with pytest.raises(RewriteError, match=r"read reads the variable kept after \w+ write changed it"):
        frozen(inspect(model))


UPDATES = {
    "assigned": ("u = Assign(c, one)", [("u", "c:0")]),
    "through an Identity": ("i = Identity(c)\nu = AssignSub(i, one)", [("u", "c:0")]),
    "read as a variable": ("u = ReadVariableOp(c)", [("u", "c:0")]),
    "handed on as a reference": ("u = RefIdentity(c)", [("u", "c:0")]),
    "a variable": ("v = VariableV2(shape=[1])\nu = Assign(v, one)", []),
    "with a constant": ("v = VariableV2(shape=[1])\nu = Assign(v, c)", []),
    "only read": ("u = Neg(c)\nw = Add(c, c)", []),
    "without inputs": ("u = VarIsInitializedOp()", []),
    "two": ("u = RefIdentity(c)\nw = AssignAdd(u, one)", [("u", "c:0"), ("w", "c:0")]),
}


@pytest.mark.parametrize("case", UPDATES)
def test_updates_of_what_freezing_made_a_constant(case: str) -> None:
    lines, expected = UPDATES[case]
    nodes = graph("c = Const([2.0])\none = Const([1.0])\n" + lines)
    assert [(node.name, target.name) for node, target in updates_of_constants(nodes)] == expected
