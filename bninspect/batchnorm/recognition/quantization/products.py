"""Sums of products over several symbols, in which equal terms meet and cancel.

    {x*R*gamma: 1, mean*R*gamma: -1, beta: 1}    for    x*R*gamma - mean*R*gamma + beta

A symbol is anything hashable; a product is its symbols with their powers, so that R * (1/R) is 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

Product = frozenset[tuple[Hashable, int]]
Sum = Mapping[Product, float]

MOST_TERMS = 12
_NOTHING: Sum = {}


def symbol(one: Hashable) -> Sum:
    """A symbol as a sum."""
    return {frozenset({(one, 1)}): 1.0}


def number(value: float) -> Sum:
    """A number as a sum; no terms for 0."""
    return {frozenset(): value} if value else _NOTHING


def added(*sums: Sum) -> Sum:
    """The sum of sums, without the terms that cancel."""
    total: dict[Product, float] = {}
    for one in sums:
        for product, factor in one.items():
            total[product] = total.get(product, 0.0) + factor
    return {product: factor for product, factor in total.items() if factor}


def negated(one: Sum) -> Sum:
    """The sum with every sign turned."""
    return {product: -factor for product, factor in one.items()}


def multiplied(first: Sum, second: Sum) -> Sum:
    """The product of two sums, multiplied out."""
    return added(*({_joined(a, b): x * y} for a, x in first.items() for b, y in second.items()))


def inverted(one: Sum) -> Sum | None:
    """One over a single product; None for anything else, which has no sum of products."""
    if len(one) != 1:
        return None
    ((product, factor),) = one.items()
    return {frozenset((symbol, -power) for symbol, power in product): 1.0 / factor}


def _joined(first: Product, second: Product) -> Product:
    powers = dict(first)
    for one, power in second:
        powers[one] = powers.get(one, 0) + power
    return frozenset((one, power) for one, power in powers.items() if power)
