"""Arithmetic nodes -> a sum of products in which the root of the variance is a symbol.

    R = 1 / sqrt(variance + epsilon)
    y = gamma * (x - mean) * R + beta

However batch norm is written (tf.nn.batch_normalization's `x*inv + (beta - mean*inv)`, or by hand), it
expands to

    + R * gamma * x  - R * gamma * mean  + beta        or        R * gamma * (x - mean)  + beta

and `formula` reads these terms.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bninspect.batchnorm.recognition.formula import Match, Term, read
from bninspect.batchnorm.recognition.quantization.fake_quant import FAKE_QUANTS, delayed_from
from bninspect.graph.ops import IDENTITIES, MERGES, RESHAPES
from bninspect.graph.search import producers, reach
from bninspect.graph.trace import same, scalar, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bninspect.graph import Graph, Node, Tensor

_UNCHANGED = IDENTITIES | RESHAPES | FAKE_QUANTS
ADDS = frozenset({"Add", "AddV2", "BiasAdd"})
DIVISIONS = frozenset({"RealDiv", "Div", "DivNoNan", "Xdivy"})
INVERSES = frozenset({"Reciprocal", "Inv"})
_REGION = _UNCHANGED | ADDS | DIVISIONS | INVERSES | {"Mul", "Sub", "Neg", "AddN"}
_term = partial(tuple.__new__, Term)  # as Term itself, in half the time
_MOST_TERMS = 3
"""Those of the formula: none of them ever cancel here."""
_MOST_NODES = 48
_DEEPEST = 9
_MOST_USES = 256
_MOST_OPERANDS = 64
_MOST_FACTORS = 32


def root_of(node: Node) -> tuple[Tensor, int] | None:
    """(what the root is taken of, 1 for a reciprocal root, -1 for a root); None where none is taken."""
    if node.op == "Rsqrt":
        return node.inputs[0], 1
    if node.op == "Sqrt":
        return node.inputs[0], -1
    if node.op == "Pow":
        exponent = scalar(node.inputs[1])
        if exponent in (0.5, -0.5):
            return node.inputs[0], -1 if exponent == 0.5 else 1
    if node.op == "Exp":
        return _power_of_logarithm(value(node.inputs[0]).node)
    return None


def _power_of_logarithm(product: Node) -> tuple[Tensor, int] | None:
    """As `root_of` of exp(product), for a product of a logarithm and a half."""
    for factor, other in (product.inputs, product.inputs[::-1]) if product.op == "Mul" else ():
        logarithm, half = value(factor).node, scalar(other)
        if logarithm.op == "Log" and half in (0.5, -0.5):
            return logarithm.inputs[0], -1 if half == 0.5 else 1
    return None


class Region:
    """The arithmetic around the roots of one value, each with its sign (see `root_of`): the nodes they flow
    through, and what these expand to.
    """

    def __init__(self, roots: Mapping[Node, int], graph: Graph) -> None:
        self.nodes = self._flow(roots, graph)
        self._terms: dict[Node, tuple[Term, ...] | None] = {
            root: (Term(1, sign, ()),) for root, sign in roots.items()
        }
        self.matches = [*self._matches()]
        """Every node of the region that reads as a normalization, nearest first; not what hands one on."""

    @staticmethod
    def _flow(roots: Iterable[Node], graph: Graph) -> dict[Node, int]:
        """The nodes the roots flow into, nearest first, with their distance."""
        found = dict.fromkeys(roots, 0)
        edge = [*found]
        for distance in range(1, _DEEPEST):
            ahead = []
            for node in edge:
                for reader, _ in graph.uses(node)[:_MOST_USES]:
                    if reader not in found and _is_arithmetic(reader) and len(found) < _MOST_NODES:
                        found[reader] = distance
                        ahead.append(reader)
            edge = ahead
        return found

    def _matches(self) -> Iterator[Match]:
        for node in self.nodes:
            terms = None if node.op in _UNCHANGED else self._expand(node)
            match = read(node.output(), terms) if terms is not None else None
            if match is not None:
                yield match

    def feeds(self, earlier: Node, later: Node) -> bool:
        """Whether one node of the region flows into another."""

        def before(node: Node) -> Iterator[Node]:
            return (one for one in producers(node) if one in self.nodes)

        return earlier in reach([later], before)

    def _expand(self, node: Node) -> tuple[Term, ...] | None:
        """The terms of a node, at most _DEEPEST deep; None where they are not a sum of products."""
        if node not in self._terms:
            self._terms[node] = None
            terms = self._expanded(node)
            if terms is not None and len(terms) <= _MOST_TERMS:
                self._terms[node] = terms
        return self._terms[node]

    def _operand(self, tensor: Tensor) -> tuple[Term, ...] | None:
        if tensor.node in self.nodes:
            return self._expand(tensor.node)
        sign, tensor = 1, same(tensor)
        for _ in range(_MOST_NODES):
            if tensor.node.op != "Neg":
                break
            sign, tensor = -sign, same(tensor.node.inputs[0])
        return (_term((sign, 0, (tensor,))),)

    def _expanded(self, node: Node) -> tuple[Term, ...] | None:
        op = node.op
        delayed = delayed_from(node) if op in MERGES else None
        if delayed is not None:
            return self._operand(delayed)
        if op in _UNCHANGED or op == "Neg" or op in INVERSES:
            terms = self._operand(node.inputs[0])
            if terms is None or op in _UNCHANGED:
                return terms
            return _negated(terms) if op == "Neg" else _inverted(terms)
        sides = []
        for tensor in node.inputs:
            terms = self._operand(tensor)
            if terms is None:
                return None
            sides.append(terms)
        if op in ADDS or op == "AddN":
            return tuple(term for side in sides for term in side)
        first, second = sides
        if op == "Sub":
            return first + _negated(second)
        if op in DIVISIONS:
            inverse = _inverted(second)
            return None if inverse is None else _product(first, inverse)
        return _product(first, second)


def _is_arithmetic(node: Node) -> bool:
    """Whether the root may flow through the node: arithmetic of a human number of operands."""
    if node.op not in _REGION and (node.op not in MERGES or delayed_from(node) is None):
        return False
    return len(node.inputs) <= _MOST_OPERANDS


def _negated(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    return tuple([_term((-sign, root, factors)) for sign, root, factors in terms])


def _inverted(terms: tuple[Term, ...]) -> tuple[Term, ...] | None:
    """One over a single power of the root; anything else has no sum of products."""
    if len(terms) != 1 or terms[0].factors:
        return None
    return (terms[0]._replace(root=-terms[0].root),)


def _product(first: tuple[Term, ...], second: tuple[Term, ...]) -> tuple[Term, ...] | None:
    """Every term times every other; None where one has more factors than anybody writes."""
    terms = []
    for sign, root, factors in first:
        for other_sign, other_root, other_factors in second:
            together = factors + other_factors
            if len(together) > _MOST_FACTORS:
                return None
            terms.append(_term((sign * other_sign, root + other_root, together)))
    return tuple(terms)
