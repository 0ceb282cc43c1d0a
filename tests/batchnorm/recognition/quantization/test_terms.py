"""The terms of a sum: what has no root, or two of them, is no formula."""

from __future__ import annotations

from bninspect.batchnorm.recognition.quantization.expansion import Root
from bninspect.batchnorm.recognition.quantization.readings import _terms
from tests.support.text import graph

NODES = graph("x = Placeholder(dtype=float)\nv = Const([1.0])\nw = Const([2.0])\n")
X, V, W = (NODES.node(name).output() for name in "xvw")


def test_a_sum_of_one_root_has_terms() -> None:
    terms = _terms({frozenset({(Root(V, 0.5), 1), (W, 1)}): 1.0}, X)
    assert terms is not None
    assert terms[0] == Root(V, 0.5)


def test_a_sum_without_a_root_has_none() -> None:
    assert _terms({}, X) is None
    assert _terms({frozenset({(W, 1)}): 1.0}, X) is None


def test_a_sum_of_two_roots_has_none() -> None:
    first, second = ({(Root(one, 0.5), 1), (W, 1)} for one in (V, X))
    assert _terms({frozenset(first): 1.0, frozenset(second): 1.0}, X) is None
