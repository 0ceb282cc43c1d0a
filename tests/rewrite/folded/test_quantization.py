"""Simulated quantization in a graph that trains no more: ranges as they were learned, no step counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.graph.trace import content
from bninspect.rewrite.constants import variables_to_constants
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.folded.quantization import decided_delays, hold_updates
from tests.support import text

if TYPE_CHECKING:
    from bninspect.graph import Graph

BY_HANDLE = """
x = Placeholder(dtype=float, shape=[-1, 2])
low = VarHandleOp(dtype=float, shape=[])
seen = Const(-2.0)
learn = AssignVariableOp(low, seen, dtype=float)
read_low = ReadVariableOp(low, ^learn, dtype=float)
high = Const(6.0)
rounded = FakeQuantWithMinMaxVars(x, read_low, high)
step = VarHandleOp(dtype=int32, shape=[])
one = Const(1)
count = AssignAddVariableOp(step, one, dtype=int32)
read_step = ReadVariableOp(step, ^count, dtype=int32)
counted = Identity(read_step, T=int32)
delay = Const(3)
late = GreaterEqual(counted, delay, T=int32)
other = ReadVariableOp(low, ^learn, dtype=float)
sum = Add(x, other, T=float)
"""


def _variables(graph: Graph, **values: str) -> None:
    """Gives each variable the value of the constant of this name."""
    for name, constant in values.items():
        graph.node(name).stored = content(graph.node(constant))


def test_ranges_and_counts_behind_their_updates_are_read_before() -> None:
    graph = text.graph(BY_HANDLE)
    _variables(graph, low="seen", step="delay")
    edits = Edits(graph)
    blocked = variables_to_constants(edits)
    reads = [node.name for node in blocked if node.op == "ReadVariableOp"]
    assert reads == ["other"]  # what computes with it is not to be guessed
    low = edits.inputs(graph.node("rounded"))[1].node
    assert (low.name, low.op) == ("low", "Const")
    held = edits.inputs(graph.node("counted"))[0].node
    assert held.op == "Add"
    assert [tensor.node.name for tensor in edits.inputs(held)] == ["step", "one"]


BY_REFERENCE = """
x = Placeholder(dtype=float, shape=[-1, 2])
low = Const(-6.0)
seen = Const(-2.0)
learn = Assign(low, seen, T=float)
high = Const(6.0)
rounded = FakeQuantWithMinMaxVars(x, learn, high)
step = Const(5)
one = Const(1)
count = AssignAdd(step, one, T=int32)
delay = Const(3)
late = GreaterEqual(count, delay, T=int32)
as_it_is = Switch(x, late)
as_rounded = Switch(rounded, late)
merge = Merge(as_it_is, as_rounded:1)
out = Relu(merge)
"""


def test_updates_that_are_read_are_held() -> None:
    graph = text.graph(BY_REFERENCE)
    edits = Edits(graph)
    hold_updates(edits)
    assert edits.inputs(graph.node("rounded"))[1].node.name == "low"
    assert edits.inputs(graph.node("late"))[0].node.op == "Add"


def test_a_delay_that_the_stored_step_has_passed_is_decided() -> None:
    for step, passed in ((5, True), (1, False)):
        graph = text.graph(BY_REFERENCE.replace("step = Const(5)", f"step = Const({step})"))
        ((join, value),) = decided_delays(Edits(graph), Conditions(graph))
        assert (join.node.name, value) == ("merge", passed)


def test_a_delay_that_is_fed_stays_open() -> None:
    fed = BY_REFERENCE.replace("late = GreaterEqual(count, delay, T=int32)", "late = Placeholder(dtype=bool)")
    graph = text.graph(fed)
    assert list(decided_delays(Edits(graph), Conditions(graph))) == []
