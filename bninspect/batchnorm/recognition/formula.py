"""A sum of products -> a normalization, where it reads as one.

With R for the reciprocal root of the variance (`algebra` multiplies the nodes out), these do:

    + R * gamma * x  - R * gamma * mean  + beta        and        R * gamma * (x - mean)  + beta

so one comparison of terms recognizes every order of operands and every place of gamma and beta.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.trace import same, value

if TYPE_CHECKING:
    from bninspect.graph import Node, Tensor


_MAY_HOLD_DIFFERENCE = frozenset({"Sub", "Add", "AddV2", "Mul"})
"""The ops that `difference_of` and `_products` take apart."""


class Term(NamedTuple):
    """sign * R**root * the product of the factors."""

    sign: int
    root: int
    factors: tuple[Tensor, ...]


@frozen_dataclass(eq=False)
class Match:
    """One node of a region that reads as a normalization of x by mean and the root."""

    output: Tensor
    x: Tensor
    mean: Tensor
    gamma: tuple[Tensor, ...]
    beta: Tensor | None
    distributed: bool
    """Whether x and mean were multiplied apart (two terms), which leaves no doubt which is which."""


def read(output: Tensor, terms: tuple[Term, ...]) -> Match | None:
    """The terms as a normalization, or None."""
    rooted: list[Term] = []
    plain: list[Term] = []
    for term in terms:
        root = term.root
        if root not in (0, 1):
            return None
        (rooted if root else plain).append(term)
    if not rooted or len(rooted) > 2 or len(plain) > 1 or (plain and not _is_beta(plain[0])):
        return None
    beta = plain[0].factors[0] if plain else None
    if len(rooted) == 2:
        return _distributed(output, rooted, beta)
    return _centred(output, rooted[0], beta) if rooted[0].sign == 1 else None


def _is_beta(term: Term) -> bool:
    return term.sign == 1 and len(term.factors) == 1


def _distributed(output: Tensor, rooted: list[Term], beta: Tensor | None) -> Match | None:
    """+ R*gamma*x - R*gamma*mean: the terms differ in one factor."""
    minus, plus = sorted(rooted, key=lambda term: term.sign)
    if (plus.sign, minus.sign) != (1, -1):
        return None
    left, right = plus.factors, minus.factors
    gamma = []
    for factor in plus.factors:
        rest = _without(right, factor)
        if rest is not None:
            left, right = _except(left, factor), rest
            gamma.append(factor)
    for factor in right if len(right) > 1 else ():
        rest = _without(left, factor)
        if rest is not None:
            left, right = rest, _except(right, factor)
            gamma.append(factor)
    if len(left) != 1 or len(right) != 1:
        return None
    return Match(output=output, x=left[0], mean=right[0], gamma=tuple(gamma), beta=beta, distributed=True)


def _without(factors: tuple[Tensor, ...], factor: Tensor) -> tuple[Tensor, ...] | None:
    """The factors without one of this value, or without its share in a product; None if it is in none."""
    for other in factors:
        if value(other) == value(factor):
            return _except(factors, other)
    for other in factors:
        for part, rest in _products(value(other).node):
            if value(part) == value(factor):
                return _except(factors, other) + rest
    return None


def _except(factors: tuple[Tensor, ...], factor: Tensor) -> tuple[Tensor, ...]:
    """The factors without the first that is this tensor."""
    place = factors.index(factor)
    return factors[:place] + factors[place + 1 :]


def _centred(output: Tensor, term: Term, beta: Tensor | None) -> Match | None:
    """R * gamma * (x - mean): one factor is a difference, or a product that holds one."""
    for index, factor in enumerate(term.factors):
        if value(factor).node.op not in _MAY_HOLD_DIFFERENCE:
            continue
        others = term.factors[:index] + term.factors[index + 1 :]
        for difference, gamma in ((factor, ()), *_products(value(factor).node)):
            pair = difference_of(value(difference).node)
            if pair is not None:
                x, mean = (same(tensor) for tensor in pair)
                return Match(
                    output=output, x=x, mean=mean, gamma=others + gamma, beta=beta, distributed=False
                )
    return None


def _products(node: Node) -> list[tuple[Tensor, tuple[Tensor, ...]]]:
    """(a, (b,)) and (b, (a,)) where the node is a * b: gamma may be multiplied before the root is."""
    if node.op != "Mul":
        return []
    first, second = node.inputs
    return [(first, (second,)), (second, (first,))]


def difference_of(node: Node) -> tuple[Tensor, Tensor] | None:
    """(a, b) where the node is a - b, or a + (-b)."""
    if node.op == "Sub":
        return node.inputs[0], node.inputs[1]
    if node.op in ("Add", "AddV2"):
        for x, other in (node.inputs, node.inputs[::-1]):
            negated = value(other).node
            if negated.op == "Neg":
                return x, negated.inputs[0]
    return None
