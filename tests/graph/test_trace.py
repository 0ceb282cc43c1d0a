"""Where a tensor comes from: long chains, and nodes that hand on several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph import flatten
from bninspect.graph.trace import (
    cast_free,
    constant,
    content,
    far,
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
from bninspect.graphdef.reader import records
from tests.support.catching import fused
from tests.support.parts import STORED, names_of_parts, only_layer
from tests.support.text import graph, graphdef

if TYPE_CHECKING:
    from bninspect.graph import Tensor


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


@pytest.mark.parametrize(
    "line",
    [
        "m = Add(x, n)\nn = NextIteration(m)",
        "m = Merge(x, n, n)\nn = NextIteration(m)",
        "m = Merge(x)",
        "m = Merge(x, n)\nn = Identity(m)",
        "m = Merge(n, x)\nn = NextIteration(m)",
    ],
    ids=["no Merge", "of three", "of one", "no next turn", "the wrong way round"],
)
def test_what_is_no_loop_variable_stays_what_it_is(line: str) -> None:
    found = graph("x = Placeholder(dtype=float)\n" + line).node("m").output()
    assert same(found) == found


def test_a_turn_may_hand_a_variable_on_so_often() -> None:
    for count in (7, 8):
        chain = "".join(f"i{number + 1} = Identity(i{number})\n" for number in range(count - 1))
        text = f"x = Placeholder()\nm = Merge(x, n)\ni0 = Identity(m)\n{chain}n = NextIteration(i{count - 1})"
        found = graph(text)
        assert (same(found.node("m").output()) == found.node("x").output()) is (count == 7)


CHAIN = "a = Placeholder()\nb = LogicalNot(a)\nc = Identity(b)\nd = LogicalNot(c)\ne = LogicalNot(d)"
NEGATIONS = {"a": False, "b": True, "c": True, "d": False, "e": True}


@pytest.mark.parametrize("order", ["abcde", "edcba", "cea", "ee"])
def test_how_often_a_way_negates_is_the_same_whatever_was_asked_before(order: str) -> None:
    found = graph(CHAIN)

    def step(tensor: Tensor) -> tuple[Tensor, bool] | None:
        node = tensor.node
        return (node.inputs[0], node.op == "LogicalNot") if node.inputs else None

    for name in order:
        assert far(found.node(name).output(), "key", step) == (found.node("a").output(), NEGATIONS[name])
    asked: list[Tensor] = []
    assert far(found.node(order[-1]).output(), "key", asked.append)[1] == NEGATIONS[order[-1]]
    assert [tensor.node.name for tensor in asked] == (["a"] if order[-1] == "a" else [])
    assert far(found.node("e").output(), "another", lambda _: None) == (found.node("e").output(), False)


def test_a_ring_of_negations_ends_where_it_closes() -> None:
    found = graph("a = LogicalNot(c)\nb = Identity(a)\nc = LogicalNot(b)")
    a, c = found.node("a").output(), found.node("c").output()

    def step(tensor: Tensor) -> tuple[Tensor, bool]:
        return tensor.node.inputs[0], tensor.node.op == "LogicalNot"

    assert far(c, "key", step) == (c, False)
    assert far(a, "key", step) == (c, True)


@pytest.mark.parametrize(("size", "known"), [(1 << 20, True), ((1 << 20) + 1, False)])
def test_a_constant_is_looked_into_up_to_a_million_values(size: int, known: bool) -> None:
    message = graphdef("c = Const([1.5])")
    message.node[0].attr["value"].tensor.tensor_shape.dim[0].size = size
    found = constant(flatten(records(message.SerializeToString(), "text")).node("c").output())
    assert (found is not None) is known
    assert found is None or (found.shape, found[-1]) == ((size,), 1.5)


@pytest.mark.parametrize(("count", "most", "known"), [(32, 32, True), (33, 32, False), (2, 1, False)])
def test_whole_numbers_are_read_up_to_so_many(count: int, most: int, known: bool) -> None:
    tensor = graph(f"c = Const({list(range(count))})").node("c").output()
    assert integers(tensor, most) == (tuple(range(count)) if known else None)
    assert integers(tensor) == (tuple(range(count)) if count <= 32 else None)


def test_content_is_that_of_a_const_alone() -> None:
    message = graphdef("c = Const([1.5])\nf = Fill(c, c)\nbare = NoOp()")
    message.node[1].attr["value"].CopyFrom(message.node[0].attr["value"])
    message.node[2].op = "Const"
    nodes = flatten(records(message.SerializeToString(), "text"))
    held = content(nodes.node("c"))
    assert held is not None
    assert held.array().tolist() == [1.5]
    assert content(nodes.node("c")) is held
    assert [content(nodes.node(name)) for name in ("f", "bare", "bare")] == [None] * 3
