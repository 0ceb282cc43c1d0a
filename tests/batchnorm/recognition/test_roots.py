"""Which nodes take a root, of what, and how far its arithmetic is followed."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.algebra import Region, root_of
from tests.support.text import graph

START = """
v = Const([1.5, 2.5])
other = Const([2.0, 3.0])
half = Const(0.5)
minus_half = Const(-0.5)
two = Const(2.0)
log = Log(v)
"""


@pytest.mark.parametrize(
    ("lines", "sign"),
    [
        ("y = Rsqrt(v)\n", 1),
        ("y = Sqrt(v)\n", -1),
        ("y = Pow(v, half)\n", -1),
        ("y = Pow(v, minus_half)\n", 1),
        ("p = Mul(log, half)\ny = Exp(p)\n", -1),
        ("p = Mul(half, log)\ny = Exp(p)\n", -1),
        ("p = Mul(log, minus_half)\ny = Exp(p)\n", 1),
        ("p = Mul(minus_half, log)\ny = Exp(p)\n", 1),
        ("y = Pow(v, two)\n", None),
        ("y = Pow(half, v)\n", None),
        ("p = Mul(log, two)\ny = Exp(p)\n", None),
        ("p = Mul(v, half)\ny = Exp(p)\n", None),
        ("p = Mul(half, half)\ny = Exp(p)\n", None),
        ("p = Add(log, half)\ny = Exp(p)\n", None),
        ("y = Exp(log)\n", None),
        ("y = Square(v)\n", None),
        ("y = Placeholder()\n", None),
    ],
)
def test_what_takes_a_root(lines: str, sign: int | None) -> None:
    written = graph(START + lines)
    assert root_of(written.node("y")) == (None if sign is None else (written.node("v").output(), sign))


def flowed(lines: str) -> dict[str, int]:
    """What the root of v flows into, and how far."""
    written = graph(START + "root = Rsqrt(v)\n" + lines)
    return {
        node.name: distance for node, distance in Region({written.node("root"): 1}, written).nodes.items()
    }


def test_a_root_flows_through_eight_nodes_at_most() -> None:
    chain = "n1 = Neg(root)\n" + "".join(f"n{number} = Neg(n{number - 1})\n" for number in range(2, 12))
    assert flowed(chain) == {"root": 0, **{f"n{number}": number for number in range(1, 9)}}


def test_a_root_flows_into_48_nodes_at_most_each_once() -> None:
    found = flowed("".join(f"n{number} = Mul(root, root)\n" for number in range(60)))
    assert (len(found), set(found.values())) == (48, {0, 1})


def test_a_node_is_as_far_as_its_nearest_way() -> None:
    lines = "a = Neg(root)\nb = Neg(a)\nc = Mul(root, b)\nd = Relu(c)\ne = Neg(d)\n"
    assert flowed(lines) == {"root": 0, "a": 1, "c": 1, "b": 2}


@pytest.mark.parametrize(("operands", "flows"), [(64, True), (65, False)])
def test_a_sum_of_more_operands_than_a_person_writes_is_none(operands: int, flows: bool) -> None:
    assert ("y" in flowed(f"y = AddN({', '.join(['root'] * operands)})\n")) is flows


PRODUCTS = ((0, 16), (16, 24), (24, 28), (28, 30), (30, 31))
"""How many gammas there are before and behind each product."""


def test_a_product_of_more_factors_than_anybody_writes_is_none() -> None:
    """The root over itself leaves powers of gamma; x - mean and all of these are 32."""
    powers = "over = Inv(root)\nscale = Mul(root, other)\np1 = Mul(scale, over)\n"
    powers += "".join(f"p{2 * power} = Mul(p{power}, p{power})\n" for power in (1, 2, 4, 8))
    chain = "x = Placeholder(dtype=float)\nc = Sub(x, half)\nn0 = Mul(c, root)\n"
    chain += "".join(f"n{after} = Mul(n{before}, p{after - before})\n" for before, after in PRODUCTS)
    written = graph(START + "root = Rsqrt(v)\n" + powers + chain + "last = Mul(n31, other)\n")
    region = Region({written.node("root"): 1}, written)
    assert "last" in {node.name for node in region.nodes}
    assert {match.output.node.name: len(match.gamma) for match in region.matches} == {
        "n0": 0, "n16": 16, "n24": 24, "n28": 28, "n30": 30, "n31": 31,
    }  # fmt: skip
