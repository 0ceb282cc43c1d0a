"""The terms of a sum: what has no root, or two of them, is no formula."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.formula import Term
from bninspect.batchnorm.recognition.quantization.expansion import Root
from bninspect.batchnorm.recognition.quantization.readings import _terms, _without_zeros
from tests.support.text import graph

NODES = graph(
    "x = Placeholder(dtype=float)\nv = Const([1.0])\nw = Const([2.0])\nz = Const([0.0])\nu = Const([0.0])\n"
)
X, V, W, Z, U = (NODES.node(name).output() for name in "xvwzu")


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


def test_a_factor_other_than_one_and_a_power_are_no_terms() -> None:
    product = frozenset({(Root(V, 0.5), 1), (W, 1)})
    assert _terms({product: 2.0}, X) is None
    assert _terms({frozenset({(Root(V, 0.5), 1), (W, 2)}): 1.0}, X) is None
    assert _terms({product: -1.0}, X) == (Root(V, 0.5), [Term(-1, 1, (W,))])


ROOTED, BETA, ZERO, NOTHING = Term(1, 1, (X,)), Term(1, 0, (W,)), Term(1, 0, (Z,)), Term(-1, 0, (U,))
PRODUCT, NUMBER = Term(1, 0, (Z, W)), Term(1, 0, ())


@pytest.mark.parametrize(
    ("terms", "left"),
    [
        ([ROOTED, BETA], [ROOTED, BETA]),
        ([ROOTED, ZERO, BETA], [ROOTED, BETA]),
        ([ROOTED, ZERO, NOTHING, BETA], [ROOTED, BETA]),
        ([ROOTED, ZERO], [ROOTED, ZERO]),
        ([ROOTED, ZERO, NOTHING], [ROOTED, NOTHING]),
        ([Term(1, 1, (Z,)), BETA], [Term(1, 1, (Z,)), BETA]),
        ([ROOTED, PRODUCT, BETA], [ROOTED, PRODUCT, BETA]),
        ([ROOTED, NUMBER, BETA], [ROOTED, NUMBER, BETA]),
    ],
)
def test_offsets_of_zeros_are_left_out_where_another_is_behind_them(
    terms: list[Term], left: list[Term]
) -> None:
    assert _without_zeros(terms) == left
