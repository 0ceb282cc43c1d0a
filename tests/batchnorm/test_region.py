"""The region around a root: which of its nodes flows into which, and which of several matches counts."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.algebra import Region
from tests.support.parts import STORED, only_layer, report
from tests.support.text import graph

FORK = """
shifted = Add(variance, epsilon)
root = Rsqrt(shifted)
a = Mul(root, gamma)
b = Mul(a, x)
c = Mul(root, beta)
outside = Relu(b)
d = Add(outside, c)
"""


def test_what_flows_into_what() -> None:
    nodes = graph(STORED + FORK)
    root, a, b, c = (nodes.node(name) for name in ("root", "a", "b", "c"))
    region = Region({root: 1}, nodes)
    assert region.feeds(root, b)
    assert region.feeds(a, b)
    assert region.feeds(b, b)
    assert not region.feeds(b, a)
    assert not region.feeds(a, c)


def test_a_way_outside_the_region_does_not_count() -> None:
    nodes = graph(STORED + FORK)
    region = Region({nodes.node("root"): 1}, nodes)
    assert not region.feeds(nodes.node("b"), nodes.node("d"))


ROOT = "shifted = Add(variance, epsilon)\nroot = Rsqrt(shifted)\n"
INV = "inv = Mul(root, gamma)\nshift = Mul(mean, inv)\noffset = Sub(beta, shift)\n"


def test_a_difference_within_a_larger_match_is_none_of_its_own() -> None:
    """x is itself a difference, image - middle: one layer, whose x is the difference."""
    lines = "middle = Const([1.0, 2.0, 3.0])\ncentred = Sub(x, middle)\nscaled = Mul(centred, inv)\n"
    found = report(STORED + ROOT + INV + lines + "y = Add(scaled, offset)\n")
    assert [(layer.x.name, layer.output.name) for layer in found.layers] == [("centred:0", "y:0")]


def test_a_second_x_beside_the_first_is_a_layer_of_its_own() -> None:
    """One root scales two inputs, neither of which flows into the other: once apart, once centred."""
    lines = "scaled = Mul(x, inv)\ny = Add(scaled, offset)\n"
    lines += "other = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\nd = Sub(other, mean)\nz = Mul(d, root)\n"
    found = report(STORED + ROOT + INV + lines)
    assert sorted(layer.x.name for layer in found.layers) == ["other:0", "x:0"]


def test_what_the_same_root_scales_behind_a_layer_is_none_of_its_own() -> None:
    lines = "scaled = Mul(x, inv)\ny = Add(scaled, offset)\nmiddle = Const([1.0, 2.0, 3.0])\n"
    lines += "again = Sub(y, middle)\nz = Mul(again, root)\n"
    found = report(STORED + ROOT + INV + lines)
    assert [(layer.x.name, layer.output.name) for layer in found.layers] == [("x:0", "y:0")]


CENTRED = ROOT + "centred = Sub(x, mean)\nn = Mul(centred, root)\n"
FED = "fed = Placeholder(dtype=float, shape=[3])\ntwo = Const(2.0)\n"
BEHIND = {
    "data": ("y = Mul(n, fed)\n", "n", None, None),
    "data is added": ("y = Add(n, fed)\n", "n", None, None),
    "gamma, then data": ("m = Mul(n, gamma)\ny = Add(m, fed)\n", "m", "gamma", None),
    "a number, then gamma": ("m = Mul(two, n)\ny = Mul(m, gamma)\n", "n", None, None),
    "gamma, then a number": ("m = Mul(gamma, n)\ny = Mul(m, two)\n", "m", "gamma", None),
    "beta, then gamma": ("m = Add(n, beta)\ny = Mul(m, gamma)\n", "m", None, "beta"),
    "gamma of what two read": ("y = Mul(n, gamma)\nz = Relu(n)\n", "n", None, None),
    "beta of what two read": ("m = Mul(n, gamma)\ny = Add(m, beta)\nz = Relu(m)\n", "m", "gamma", None),
    "an activation": ("y = Relu(n)\nz = Add(y, beta)\n", "n", None, None),
}


@pytest.mark.parametrize("case", BEHIND)
def test_what_stands_behind_the_normalization(case: str) -> None:
    lines, output, gamma, beta = BEHIND[case]
    layer = only_layer(STORED + FED + CENTRED + lines)
    found = [None if part is None else part.node.name for part in (layer.output, layer.gamma, layer.beta)]
    assert found == [output, gamma, beta]


@pytest.mark.parametrize(
    ("factors", "gamma"),
    [
        ("Mul(gamma, two)", "gamma"),
        ("Mul(two, gamma)", "gamma"),
        ("Identity(two)", "two"),
        ("Identity(one)", None),
    ],
)
def test_gamma_is_the_vector_among_the_factors(factors: str, gamma: str | None) -> None:
    """A number where there is no vector, and nothing where that is 1."""
    lines = f"one = Const(1.0)\nby = {factors}\nr = Mul(root, by)\nm = Mul(centred, r)\ny = Add(m, beta)\n"
    if factors.startswith("Mul"):
        first, second = factors[4:-1].split(", ")
        lines = f"a = Mul(root, {first})\nr = Mul(a, {second})\nm = Mul(centred, r)\ny = Add(m, beta)\n"
    layer = only_layer(STORED + FED + ROOT + "centred = Sub(x, mean)\n" + lines)
    assert (None if layer.gamma is None else layer.gamma.node.name) == gamma
