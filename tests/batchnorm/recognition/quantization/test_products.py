"""Sums of products: what they add, multiply and invert to, and what cancels."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.quantization.products import (
    Product,
    Sum,
    added,
    inverted,
    multiplied,
    negated,
    number,
    symbol,
)


def product(**powers: int) -> Product:
    """The product of symbols with these powers."""
    return frozenset(powers.items())


A, B = symbol("a"), symbol("b")
TWO_A: Sum = {product(a=1): 2.0}
HALF_B: Sum = {product(b=1): 0.5}


def test_a_symbol_is_itself_once() -> None:
    assert symbol("a") == {product(a=1): 1.0}


@pytest.mark.parametrize(("value", "terms"), [(0.0, {}), (1.0, {product(): 1.0}), (-3.0, {product(): -3.0})])
def test_a_number_has_no_symbols_and_zero_no_terms(value: float, terms: Sum) -> None:
    assert number(value) == terms


@pytest.mark.parametrize(
    ("sums", "total"),
    [
        ((A, B), {product(a=1): 1.0, product(b=1): 1.0}),
        ((A, TWO_A, number(1.0)), {product(a=1): 3.0, product(): 1.0}),
        ((A, B, negated(A)), {product(b=1): 1.0}),
        ((), {}),
    ],
    ids=["apart", "alike", "cancel", "none"],
)
def test_sums_of_sums(sums: tuple[Sum, ...], total: Sum) -> None:
    assert added(*sums) == total


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        (TWO_A, HALF_B, {product(a=1, b=1): 1.0}),
        (TWO_A, TWO_A, {product(a=2): 4.0}),
        (TWO_A, {product(a=-1): 0.25}, {product(): 0.5}),
        (added(A, B), added(A, negated(B)), {product(a=2): 1.0, product(b=2): -1.0}),
        (number(0.0), A, {}),
    ],
    ids=["factors multiply", "powers add", "a power of none is gone", "what cancels is gone", "zero"],
)
def test_products_of_sums(first: Sum, second: Sum, result: Sum) -> None:
    assert multiplied(first, second) == result


@pytest.mark.parametrize(
    ("sum_", "inverse"),
    [
        (TWO_A, {product(a=-1): 0.5}),
        ({product(a=-1, b=2): 4.0}, {product(a=1, b=-2): 0.25}),
        (added(A, B), None),
        (number(0.0), None),
    ],
    ids=["a symbol", "a product", "of a sum there is none", "of zero there is none"],
)
def test_one_over_a_sum(sum_: Sum, inverse: Sum | None) -> None:
    assert inverted(sum_) == inverse
