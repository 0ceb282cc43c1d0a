"""A choice written as arithmetic: a sum whose terms are weighted by a boolean as a number.

    y = t * a + (1 - t) * b,  t = cast(training)        also  b + t * (a - b),  a * t + b * cast(serving), ...

With t = 1 one term is left, with weight 1, and with t = 0 the other one; so the sum is what a Select of a and
b is. The nodes are multiplied out to {term: weight while the boolean is true, and while it is false}, which
makes every spelling one case. A number that is no cast boolean may have other values, and chooses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.graph.trace import same, scalar, shape_free

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.graph import Graph, Node, Tensor

SUMS = frozenset({"Add", "AddV2", "AddN", "Sub"})
"""Ops at which a blend ends."""
STEPS = SUMS | {"Mul", "Neg"}
"""Ops that a term may come through on the way there."""
_DEEPEST = 4
_MOST_OPERANDS = 4


class Weight(NamedTuple):
    """A number that a predicate decides."""

    predicate: Tensor | None
    """Free of negations; None where it is always the same."""
    if_true: float
    if_false: float


class Blend(NamedTuple):
    """What a sum is, as a predicate says."""

    predicate: Tensor
    if_true: Tensor
    if_false: Tensor


_ONE = Weight(None, 1.0, 1.0)
Terms = dict["Tensor", tuple["Tensor", Weight]]
"""What is summed, at its source -> (as it is read, its weight)."""


def may_weigh(graph: Graph) -> bool:
    """Whether a boolean is a number anywhere in the graph; elsewhere no predicate weighs anything."""
    return any(cast.attr("SrcT") == "bool" for cast in graph.where("Cast".__eq__))


class Blends:
    """The blends of a graph; `base` gives (one tensor for all predicates of a value, negated)."""

    def __init__(self, base: Callable[[Tensor], tuple[Tensor, bool]]) -> None:
        self._base = base

    def of(self, node: Node) -> Blend | None:
        """The choice that a node of `SUMS` is; None where it is none."""
        if not any(map(_is_weighted, node.inputs[:_MOST_OPERANDS])):
            return None
        for differences in (False, True):
            terms = self._terms(node, _DEEPEST, differences=differences)
            found = None if terms is None else _chosen(terms)
            if found is not None:
                return found
        return None

    def _terms(self, node: Node, depth: int, *, differences: bool) -> Terms | None:
        """The terms of a sum, of a product of which one factor is a weight, or of a negation; None where it
        is none of them. With `differences`, those that are weighted are terms apart.
        """
        operands = node.inputs
        if depth == 0 or node.op not in STEPS or len(operands) > _MOST_OPERANDS:
            return None
        if node.op == "Mul":
            return self._product(*operands, depth, differences=differences) if len(operands) == 2 else None
        total: Terms | None = {}
        for slot, operand in enumerate(operands):
            sign = -1.0 if node.op == "Neg" or (node.op == "Sub" and slot == 1) else 1.0
            parts = self._terms(same(operand).node, depth - 1, differences=differences)
            if parts is None or not any(weight.predicate for _, weight in parts.values()):
                parts = _alone(operand)
            total = self._sum(total, parts, Weight(None, sign, sign))
        return total

    def _product(self, first: Tensor, second: Tensor, depth: int, *, differences: bool) -> Terms | None:
        for factor, rest in ((first, second), (second, first)):
            weight = self.weight(factor)
            if weight is None:
                continue
            node = same(rest).node
            parts = self._terms(node, depth - 1, differences=differences) if node.op == "Mul" else None
            if differences and node.op == "Sub":
                parts = self._sum(_alone(node.inputs[0]), _alone(node.inputs[1]), Weight(None, -1.0, -1.0))
            return self._sum({}, parts or _alone(rest), weight)
        return None

    @staticmethod
    def _sum(total: Terms | None, parts: Terms, weight: Weight) -> Terms | None:
        """total + weight * parts; None where two predicates weigh."""
        if total is None:
            return None
        found = dict(total)
        for source, (tensor, own) in parts.items():
            weighed = _both(own, weight, lambda a, b: a * b)
            before = found.get(source, (tensor, Weight(None, 0.0, 0.0)))
            added = None if weighed is None else _both(before[1], weighed, lambda a, b: a + b)
            if added is None:
                return None
            found[source] = before[0], added
        return found

    def weight(self, tensor: Tensor, depth: int = _DEEPEST) -> Weight | None:
        """The number that a constant, a boolean as a number, or arithmetic of these is; else None."""
        tensor = shape_free(tensor)
        node = tensor.node
        held = scalar(tensor) if node.op == "Const" else None
        if held is not None:
            return Weight(None, held, held)
        if node.op == "Cast" and depth:
            if node.attr("SrcT") == "bool":  # 1 for true and 0 for false
                source, negated = self._base(node.inputs[0])
                return Weight(source, float(not negated), float(negated))
            return None if node.attr("DstT") == "bool" else self.weight(node.inputs[0], depth - 1)
        if node.op not in _OPERATIONS or not depth:
            return None
        first, second = (self.weight(operand, depth - 1) for operand in node.inputs)
        if first is None or second is None:
            return None
        return _both(first, second, _OPERATIONS[node.op])


_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "Add": lambda a, b: a + b,
    "AddV2": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
}


def _both(first: Weight, second: Weight, operation: Callable[[float, float], float]) -> Weight | None:
    """The result of an operation on two weights; None where two predicates decide them."""
    if first.predicate is not None and second.predicate not in (None, first.predicate):
        return None
    return Weight(
        second.predicate if first.predicate is None else first.predicate,
        operation(first.if_true, second.if_true),
        operation(first.if_false, second.if_false),
    )


def _alone(tensor: Tensor) -> Terms:
    return {same(tensor): (tensor, _ONE)}


def _is_weighted(tensor: Tensor) -> bool:
    """Whether a term may have a weight, by its op alone: most sums of a network end here."""
    return same(tensor).node.op in STEPS


def _chosen(terms: Terms) -> Blend | None:
    """The choice, where under either value one term is left, with weight 1."""
    predicate = next((weight.predicate for _, weight in terms.values() if weight.predicate is not None), None)
    left = [
        [(tensor, number) for tensor, number in side if number]
        for side in (
            [(tensor, weight.if_true) for tensor, weight in terms.values()],
            [(tensor, weight.if_false) for tensor, weight in terms.values()],
        )
    ]
    if predicate is None or any(len(side) != 1 or side[0][1] != 1 for side in left) or left[0] == left[1]:
        return None
    return Blend(predicate, left[0][0][0], left[1][0][0])
