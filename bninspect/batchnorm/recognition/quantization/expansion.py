"""Arithmetic around several roots -> sums of products, for one choice of what the conditionals take.

Where a batch norm is folded into a convolution, two roots meet (of the batch's variance and of the moving
one), and they cancel against each other on one side of a conditional or the other:

    R = 1 / sqrt(variance + epsilon)        convolution(input, W * R * gamma) = x * R * gamma

since a convolution is linear in its weights, channel by channel. `algebra` expands what surrounds one root
and chooses nothing; here every root is a symbol, named by its variance and epsilon, and a Merge is the side
that its predicate takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bninspect.batchnorm.recognition.algebra import DIVISIONS, root_of
from bninspect.batchnorm.recognition.epsilon import variance_and_epsilon
from bninspect.batchnorm.recognition.quantization.fake_quant import FAKE_QUANTS, delayed_from
from bninspect.batchnorm.recognition.quantization.products import (
    MOST_TERMS,
    Sum,
    added,
    inverted,
    multiplied,
    negated,
    number,
    symbol,
)
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph import Tensor
from bninspect.graph.ops import CONVOLUTIONS, IDENTITIES, MERGES, RESHAPES
from bninspect.graph.search import reach, steps
from bninspect.graph.trace import content, integers, same, scalar, shape_of, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bninspect.batchnorm.wiring.conditions import Conditions, Join
    from bninspect.graph import Graph, Node

SPREADS = frozenset({"BatchToSpaceND", "BatchToSpace"})
"""Ops that lay out what a dilated convolution gives; they move values and change none."""
_UNCHANGED = IDENTITIES | RESHAPES | SPREADS | FAKE_QUANTS
_ADDS = frozenset({"Add", "AddV2", "AddN", "BiasAdd"})
_ARITHMETIC = _UNCHANGED | _ADDS | DIVISIONS | MERGES | {"Mul", "Sub", "Neg", "Reciprocal", "Inv"}
_MOST_NODES = 160
_DEEPEST = 24
_MOST_USES = 64
_MOST_OPERANDS = 8
_MOST_MERGES = 8


class Root(NamedTuple):
    """The symbol of 1 / sqrt(variance + epsilon)."""

    variance: Tensor
    """At its source, or where it is computed."""
    epsilon: float | None


@frozen_dataclass
class Convolved:
    """The symbol of what a convolution gives for its weights without their factors."""

    node: Node


def roots_behind(weights: Tensor) -> list[Node]:
    """The roots that the weights are multiplied by; nothing for weights that are stored as they are."""
    return [node for node in reach([weights.node], _factors, _MOST_NODES) if root_of(node) is not None]


def _factors(node: Node) -> Iterator[Node]:
    """What a product is made of; nothing for a root, and for a sum."""
    multiplies = node.op in _ARITHMETIC - _ADDS and len(node.inputs) <= _MOST_OPERANDS
    if multiplies and root_of(node) is None:
        yield from (tensor.node for tensor in (node.inputs[:1] if node.op in _UNCHANGED else node.inputs))


def flow(roots: Iterable[Node], convolution: Node, graph: Graph) -> dict[Node, int]:
    """The arithmetic that the roots flow into, this one convolution included, nearest first, and how far."""
    found: dict[Node, int] = {}

    def onward(node: Node) -> Iterator[Node]:
        for use in graph.uses(node)[:_MOST_USES] if found[node] + 1 < _DEEPEST else ():
            if (use.slot == 1 and use.node is convolution) or _flows_through(use.node, use.slot):
                yield use.node

    for node, before in steps(roots, onward, _MOST_NODES):
        found[node] = 0 if before is None else found[before] + 1
    return found


def _flows_through(node: Node, slot: int) -> bool:
    return (
        node.op in _ARITHMETIC
        and len(node.inputs) <= _MOST_OPERANDS
        and (slot == 0 or node.op not in _UNCHANGED)
    )


class Expansion:
    """What tensors are, as sums of products, when the predicates have these values.

    Only what the roots flow into is multiplied out; any other tensor is a symbol.
    """

    def __init__(
        self,
        nodes: Mapping[Node, int],
        conditions: Conditions,
        taken: Mapping[Tensor, bool],
        *,
        ones: bool,
    ) -> None:
        self._nodes = nodes
        self._conditions = conditions
        self._taken = taken
        self._ones = ones
        self._known: dict[Node, Sum | None] = {}
        self.written: dict[Tensor, Tensor] = {}
        """Symbol -> the tensor that was read for it, as it is laid out."""
        self.open: dict[Tensor, None] = {}
        """Sources of predicates that were met and have no value yet."""
        self.joins: dict[Tensor, list[Join]] = {}
        """The conditionals that were chosen at, by source."""

    def of(self, tensor: Tensor, deep: int = 0) -> Sum | None:
        """The tensor as a sum; None where it is none. `deep` counts the negations it is read through."""
        node = tensor.node
        if node in self._nodes:
            if node not in self._known:
                self._known[node] = None
                terms = self._expanded(node)
                if terms is not None and len(terms) <= MOST_TERMS:
                    self._known[node] = terms
            return self._known[node]
        source = value(tensor)
        if source.node in self._nodes:
            return self.of(source)
        if self._ones and holds_only(source, 1.0):
            return number(1.0)
        if source.node.op == "Neg" and deep < _DEEPEST:
            opposite = self.of(source.node.inputs[0], deep + 1)
            return None if opposite is None else negated(opposite)
        self.written.setdefault(source, same(tensor))
        return symbol(source)

    def settled(self, tensor: Tensor) -> Tensor:
        """The source of a statistic, on the side that its conditional takes."""
        tensor = value(tensor)
        for _ in range(_MOST_MERGES):
            join = self._conditions.join(tensor.node) if tensor.port == 0 else None
            side = None if join is None else self._side(join)
            if side is None:
                break
            tensor = value(side)
        return tensor

    def _side(self, join: Join) -> Tensor | None:
        """What the conditional takes; None, and noted, where its predicate has no value."""
        source, inverse = self._conditions.base(join.predicate)
        if source not in self._taken:
            self.open[source] = None
            return None
        self.joins.setdefault(source, []).append(join)
        return join.if_true if self._taken[source] != inverse else join.if_false

    def _expanded(self, node: Node) -> Sum | None:
        op = node.op
        if (root := root_of(node)) is not None:
            return self._root(*root)
        if op in MERGES:
            return self._merged(node)
        if op in CONVOLUTIONS:
            return self._convolved(node)
        operands = [self.of(tensor) for tensor in (node.inputs[:1] if op in _UNCHANGED else node.inputs)]
        sides = [terms for terms in operands if terms is not None]
        if len(sides) != len(operands):
            return None
        if op in _UNCHANGED:
            return sides[0]
        if op in _ADDS:
            return added(*sides)
        if op == "Neg":
            return negated(sides[0])
        if op in ("Reciprocal", "Inv"):
            return inverted(sides[0])
        first, second = sides
        if op == "Sub":
            return added(first, negated(second))
        inverse = inverted(second) if op in DIVISIONS else second
        return None if inverse is None else multiplied(first, inverse)

    def _root(self, radicand: Tensor, sign: int) -> Sum | None:
        variance, epsilon = variance_and_epsilon(radicand, self._conditions)
        root = symbol(Root(self.settled(variance), epsilon))
        return root if sign == 1 else inverted(root)

    def _merged(self, merge: Node) -> Sum | None:
        """What the Merge hands on: of a delayed FakeQuant what it rounds, else the side that is taken."""
        delayed = delayed_from(merge)
        if delayed is not None:
            return self.of(delayed)
        join = self._conditions.join(merge)
        side = None if join is None else self._side(join)
        if side is None:
            return None
        for constant in (0.0, 1.0):  # what a conditional puts in the place of a correction
            if holds_only(value(side), constant):
                return number(constant)
        return self.of(side)

    def _convolved(self, node: Node) -> Sum | None:
        """The factors of the weights, times the symbol of the convolution without them."""
        weights = self.of(node.inputs[1])
        kernel = None if weights is None else self.kernel(weights)
        if weights is None or kernel is None:
            return None
        return multiplied({frozenset({(kernel, -1), (Convolved(node=node), 1)}): 1.0}, weights)

    def kernel(self, weights: Sum) -> Tensor | None:
        """The one factor of the weights that is no vector; None where there is not exactly one."""
        if len(weights) != 1:
            return None
        ((product, _),) = weights.items()
        found = [
            (one, power)
            for one, power in product
            if isinstance(one, Tensor) and not _is_vector(one, self.written[one])
        ]
        return found[0][0] if len(found) == 1 and found[0][1] == 1 else None


def _is_vector(tensor: Tensor, written: Tensor) -> bool:
    """Whether the tensor is known to have one axis at most, as it is kept and as it is laid out."""
    shape = shape_of(tensor.node)
    if written.node.op == "Reshape":
        layout = integers(written.node.inputs[1])
        if layout is not None and sum(size != 1 for size in layout) > 1:
            return False
    return shape is not None and len(shape) <= 1


def holds_only(tensor: Tensor, wanted: float) -> bool:
    """Whether the tensor is a vector, or a number, that holds nothing but this."""
    node = tensor.node
    if node.op == "Fill":
        return scalar(node.inputs[1]) == wanted
    held = content(node)
    if held is None or len(held.shape) > 1 or not held.size or not held.is_real:
        return False
    return bool(np.all(held.array() == wanted))
