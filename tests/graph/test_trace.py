"""Where a tensor comes from: long chains, and nodes that hand on several."""

from __future__ import annotations

import pytest

from bninspect.graph.trace import cast_free, constant, integers, is_scalar, same, scalar, value
from tests.support.catching import fused
from tests.support.parts import STORED, names_of_parts, only_layer
from tests.support.text import graph


@pytest.mark.parametrize("length", [10, 64, 65, 200])
def test_a_long_chain(length: int) -> None:
    lines = ["t0 = Placeholder(dtype=float)"] + [f"t{n + 1} = Identity(t{n})" for n in range(length)]
    nodes = graph("\n".join(lines))
    assert same(nodes.node(f"t{length}").output()) == nodes.node("t0").output()


def test_a_long_chain_of_casts_before_a_layer() -> None:
    """Of x and of the mean: both are what they were before it."""
    text = STORED
    for start in ("x", "mean"):
        lines = [f"{start}0 = Identity({start})"]
        lines += [f"{start}{n + 1} = Cast({start}{n}, SrcT=float, DstT=float)" for n in range(100)]
        text += "\n".join(lines) + "\n"
    layer = only_layer(text + fused("y", "x100").replace(", mean,", ", mean100,"))
    assert names_of_parts(layer)[3] == "mean:0"
    assert cast_free(layer.x).name == "x:0"
    assert layer.statistics.state.value == "stored"


@pytest.mark.parametrize("port", [0, 1])
def test_a_node_that_hands_on_several(port: int) -> None:
    nodes = graph("a = Const([1.0])\nb = Const([2.0])\nboth = IdentityN(a, b)\n")
    assert value(nodes.node("both").output(port)) == nodes.node("ab"[port]).output()


def test_a_port_that_the_node_does_not_have() -> None:
    both = graph("a = Const([1.0])\nboth = IdentityN(a)\n").node("both")
    assert same(both.output(3)) == both.output(3)


def test_statistics_behind_a_node_that_hands_on_several() -> None:
    text = STORED + "both = IdentityN(mean, variance)\n" + fused()
    layer = only_layer(text.replace(", mean, variance, is", ", both, both:1, is"))
    assert names_of_parts(layer)[3:] == ["mean:0", "variance:0"]


LOOP = """
x = Placeholder(dtype=float)
start = Enter(x, frame_name="loop")
turns = Merge(start, next)
inside = Identity(turns)
turned = Relu(turns)
next = NextIteration({back})
"""


@pytest.mark.parametrize(
    ("back", "expected"),
    [("turns", "start"), ("inside", "start"), ("turned", "turns"), ("x", "turns")],
)
def test_a_loop_variable_is_what_it_starts_from_where_no_turn_changes_it(back: str, expected: str) -> None:
    """Only a way back through nodes that hand the variable on leaves it as it was."""
    nodes = graph(LOOP.format(back=back))
    start = same(nodes.node("start").output())
    found = same(nodes.node("turns").output())
    assert found == (start if expected == "start" else nodes.node("turns").output())


@pytest.mark.parametrize(
    ("line", "values", "one", "whole", "is_one"),
    [
        ("c = Const(2.5)", [2.5], 2.5, None, True),
        ("c = Const([2.5])", [2.5], 2.5, None, True),
        ("c = Const(3)", [3], 3.0, (3,), True),
        ("c = Const([1, 2, 2])", [1, 2, 2], None, (1, 2, 2), False),
        ("c = Const([0.5, 1.5])", [0.5, 1.5], None, None, False),
        ('c = Const("text")', None, None, None, True),
        ("c = Placeholder(dtype=float)", None, None, None, False),
    ],
)
def test_what_a_constant_says(
    line: str,
    values: list[float] | None,
    one: float | None,
    whole: tuple[int, ...] | None,
    is_one: bool,
) -> None:
    tensor = graph(line + "\nhanded = Identity(c)").node("handed").output()
    found = constant(tensor)
    assert (None if found is None else found.reshape(-1).tolist()) == values
    assert (scalar(tensor), integers(tensor), is_scalar(tensor)) == (one, whole, is_one)
