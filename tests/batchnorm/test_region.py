"""The region around a root: which of its nodes flows into which, and which of several matches counts."""

from __future__ import annotations

from bninspect.batchnorm.recognition.algebra import Region
from tests.support.parts import STORED, report
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
