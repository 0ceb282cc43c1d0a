"""Where a tensor comes from: long chains, and nodes that hand on several."""

from __future__ import annotations

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph.trace import (
    cast_free,
    constant,
    integers,
    is_loop_variable,
    is_scalar,
    number,
    same,
    scalar,
    shape_free,
    shape_of,
    value,
)
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


@pytest.mark.parametrize(
    ("line", "through"),
    [
        ("t = Identity(x)", {same, value, cast_free, shape_free}),
        ("t = Switch(x, x)", {same, value, cast_free, shape_free}),
        ("t = Cast(x)", {value, cast_free}),
        ("t = Reshape(x, x)", {value, shape_free}),
        ("t = Squeeze(x)", {value, shape_free}),
        ("t = ExpandDims(x, x)", {value, shape_free}),
        ("t = BroadcastTo(x, x)", {value}),
        ("t = Relu(x)", set()),
    ],
)
def test_who_looks_through_what(line: str, through: set[object]) -> None:
    nodes = graph("x = Placeholder(dtype=float)\n" + line)
    x, t = nodes.node("x").output(), nodes.node("t").output()
    for look in (same, value, cast_free, shape_free):
        assert look(t) == (x if look in through else t)


def test_the_port_behind_the_last_is_none_of_the_node() -> None:
    both = graph("a = Const([1.0])\nboth = IdentityN(a)\n").node("both")
    assert same(both.output(1)) == both.output(1)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("m = Merge(x, n)\nn = NextIteration(x)", True),
        ("m = Merge(n, x)\nn = RefNextIteration(x)", True),
        ("m = Merge(x, n)\nn = Neg(x)", False),
    ],
)
def test_a_loop_variable_is_known_by_its_next_turn(line: str, is_one: bool) -> None:
    assert is_loop_variable(graph("x = Placeholder(dtype=float)\n" + line).node("m")) is is_one


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("k = Const([1.0, 2.0])", (2,)),
        ("k = Const(1.0)", ()),
        ("k = VariableV2(shape=[3, 4])", (3, 4)),
        ("k = VariableV2(dtype=float)", None),
        ("k = Placeholder(shape=[3, 4])", None),
    ],
)
def test_the_shape_of_what_is_kept(line: str, shape: tuple[int, ...] | None) -> None:
    assert shape_of(graph(line).node("k")) == shape


def test_a_number_among_the_attributes() -> None:
    node = graph('k = LRN(bias=0.5, depth=3, name="text")').node("k")
    assert [number(node, name, 2.0) for name in ("bias", "depth", "absent")] == [0.5, 3.0, 2.0]
    assert number(node, "absent", None) is None
    with pytest.raises(GraphDefError, match="damaged: attribute name of 'k' is no number"):
        number(node, "name", None)
