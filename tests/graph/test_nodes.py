"""Nodes and tensors by themselves: how they are shown and copied, and what attributes they have."""

from __future__ import annotations

import copy
import pickle

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph.graph import Node
from tests.support.text import graph

CALLED = """
p = Placeholder()
x = Placeholder()
c = If(p, x, then_branch=@body, else_branch=@body)
y = Relu(c)
def body(a) -> y=r:y:0
    r = Rsqrt(a)
"""


def test_a_node_is_shown_by_its_op_and_its_name() -> None:
    found = graph(CALLED)
    assert repr(found.node("c/then/r")) == "<Rsqrt c/then/r>"
    assert [found.node(name).output().name for name in ("c/then/r", "c/Merge_0", "y")] == [
        "body/r:0",
        "c:0",
        "y:0",
    ]
    assert found.node("y").output(2).name == "y:2"


@pytest.mark.parametrize("name", ["c/then/r", "c/Merge_0"])
def test_a_copy_is_called_the_same_and_has_no_edges(name: str) -> None:
    node = graph(CALLED).node(name)
    for other in (copy.copy(node), copy.deepcopy(node), pickle.loads(pickle.dumps(node))):
        assert isinstance(other, Node)
        assert (other.name, other.op, other.functions) == (node.name, node.op, node.functions)
        assert (other.label, other.stands_for, other.nodedef) == (node.label, node.stands_for, None)
        assert (other.inputs, other.controls, other.index) == ((), (), -1)


def test_a_graph_is_not_copied() -> None:
    with pytest.raises(TypeError, match="keep the path, and load it again"):
        copy.copy(graph(CALLED))


def test_attributes_of_a_node_that_the_file_does_not_have() -> None:
    """Of what an If was written as: its type, where the file says that, and how many inputs a Merge has."""
    found = graph(CALLED)
    merge, pivot = found.node("c/Merge_0"), found.node("c/pivot_t")
    assert (merge.attr("N"), merge.attr("T"), merge.attr("T", "float")) == (2, None, None)
    assert (pivot.attr("T"), pivot.attr("N"), pivot.attr("N", 5)) == ("bool", None, 5)
    pivot.bindings = {"T": 3}
    with pytest.raises(GraphDefError, match="attribute T of 'c/pivot_t' is a whole number, where a type bel"):
        pivot.attr("T")


def test_who_reads_what() -> None:
    found = graph("a = Split(x)\nx = Placeholder()\nb = Add(a:1, a)\nc = Neg(a:1)\nd = NoOp(^a)")
    a = found.node("a")
    assert [(use.node.name, use.slot) for use in found.uses(a)] == [("b", 0), ("b", 1), ("c", 0)]
    assert [(use.node.name, use.slot) for use in found.uses_of(a.output(1))] == [("b", 0), ("c", 0)]
    assert [node.name for node in found.unread()] == ["b", "c", "d"]
    assert [node.name for node in found.where({"Neg", "Add"}.__contains__)] == ["b", "c"]
    assert (len(found), "a" in found, "e" in found) == (5, True, False)
    assert [node.index for node in found] == [0, 1, 2, 3, 4]
