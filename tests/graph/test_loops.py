"""Loops of TensorFlow 1: which nodes stand in one, whose frame that is, and the order of what goes round."""

from __future__ import annotations

import pytest

from bninspect.graph.loops import frames, in_loops
from bninspect.graph.order import topological
from tests.support.text import graph

LOOP = """
x = Placeholder(dtype=float)
start = Enter(x, frame_name="outer")
turns = Merge(start, next)
body = Neg(turns)
waits = NoOp(^body)
next = NextIteration(body)
left = Exit(turns)
behind = Relu(left)
"""
WITHIN = """
inner_start = RefEnter(body, frame_name="inner")
inner_turns = Merge(inner_start, inner_next)
inner_next = NextIteration(inner_turns)
inner_left = RefExit(inner_turns)
back = Abs(inner_left)
"""
OUTER = {
    "start": "outer",
    "turns": "outer",
    "body": "outer",
    "waits": "outer",
    "next": "outer",
    "left": "outer",
}


def test_what_stands_between_an_enter_and_its_exit() -> None:
    found = {node.name for node in in_loops(graph(LOOP))}
    assert found == {"start", "turns", "body", "next"}
    assert in_loops(graph("x = Placeholder()\ny = Relu(x)")) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = Placeholder()\ny = Relu(x)", {}),
        (LOOP, OUTER),
        (LOOP.replace(', frame_name="outer"', ""), dict.fromkeys(OUTER, "")),
        (LOOP.replace('"outer"', '"\\xff"'), dict.fromkeys(OUTER, "\xff")),
        (LOOP.replace("^body", "body:0"), OUTER),
    ],
    ids=["none", "one", "without a name", "a name beyond ASCII", "read by a port"],
)
def test_the_loop_of_a_record_by_the_name_of_its_frame(text: str, expected: dict[str, str]) -> None:
    assert frames({node.name: node for node in graph(text).graphdef.nodes}) == expected


def test_of_loops_in_loops_the_inner_one_is_its_own() -> None:
    found = frames({node.name: node for node in graph(LOOP + WITHIN).graphdef.nodes})
    assert found["inner_start"] == "inner"
    assert {found[name] for name in ("inner_turns", "inner_next", "inner_left")} == {"inner"}
    assert "back" not in found
    assert found["body"] == "outer"


@pytest.mark.parametrize(
    ("text", "roots", "expected"),
    [
        ("a = Placeholder()\nb = Neg(a)\nc = Add(b, a)", ["c"], ["a", "b", "c"]),
        ("c = Add(a, b)\nb = Neg(a)\na = Placeholder()", ["c"], ["a", "b", "c"]),
        ("a = Placeholder()\nb = Placeholder()\nc = Neg(b, ^a)", ["c"], ["b", "a", "c"]),
        ("a = NoOp()\nb = NoOp()\nc = NoOp(^a, ^b)", ["c"], ["b", "a", "c"]),
        ("a = Placeholder()\nb = Neg(a)\nc = Abs(a)", ["c", "b"], ["a", "c", "b"]),
        (
            LOOP + "late = Const(1.0)\n",
            ["behind"],
            ["x", "start", "next", "turns", "left", "behind", "body"],
        ),
    ],
    ids=["as in the file", "against the file", "a control", "two controls", "two roots", "a loop"],
)
def test_a_node_comes_behind_all_it_reads(text: str, roots: list[str], expected: list[str]) -> None:
    """What a loop hands to its next turn comes behind all the rest; what no root needs has no place."""
    nodes = graph(text)
    places = topological(nodes.node(name) for name in roots)
    assert [node.name for node in places] == expected
    assert list(places.values()) == list(range(len(expected)))
