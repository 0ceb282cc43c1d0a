"""What assigns a batch's mean and variance to variables, and the momentum it does so by.

Found by edges: forward from the mean and the variance of the batch to the ops that assign what becomes of
them to a variable (`AssignMovingAvg` in its ref and resource forms, with zero_debias or without,
`ExponentialMovingAverage.apply`, a plain assign, with another average behind it). Sources:
tensorflow/python/training/moving_averages.py; `moving = moving * momentum + batch * (1 - momentum)`.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import (
    ASSIGNS,
    IDENTITIES,
    MERGES,
    REPLACES,
    RESHAPES,
    SUBTRACTS_IN_PLACE,
    SWITCHES,
    VARIABLES,
)
from bninspect.graph.search import reach
from bninspect.graph.trace import declared_shape, same, scalar, value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from bninspect.graph import Graph, Node, Tensor

_ONWARD = (
    IDENTITIES
    | RESHAPES
    | MERGES
    | {"Sub", "Add", "AddV2", "AddN", "Mul", "RealDiv", "Neg", "Select", "SelectV2", "Exit"}
)
_BACKWARD = _ONWARD | ASSIGNS | {"Mean", "Sqrt", "Square", "Relu", "Maximum"}
_IS_INITIALIZED = frozenset({"IsVariableInitialized", "VarIsInitializedOp"})
_MOST_NODES = 400
_MOST_DIFFERENCES = 4
"""Differences of differences that make a rate: 1 - (1 - rate) has two; each may double the work."""


@frozen_dataclass
class Update:
    """An op that moves one statistic."""

    node: Node
    variable: Tensor
    """What it changes: the variable, or the constant that freezing made of it."""
    momentum: float | None
    """None where it is no constant."""


def updates_from(statistics: Sequence[Tensor], graph: Graph) -> list[Update]:
    """The ops that assign something made of these tensors to a variable, nearest first; averages of that
    variable behind.
    """
    found: dict[Node, Update] = {}

    def onward(tensor: Tensor) -> Iterator[Tensor]:
        for node, slot in graph.uses_of(tensor):
            if node.op in ASSIGNS and slot == 1:
                variable = _variable(node)
                if variable is not None and node not in found:
                    found[node] = Update(node=node, variable=variable, momentum=_momentum(node, variable))
                    yield from _holding(node, variable, graph)
            elif node.op == "IdentityN":
                yield node.output(slot)
            elif node.op in SWITCHES:
                yield from () if _initializes(node) else (node.output(0), node.output(1))
            elif node.op in _ONWARD:
                yield node.output()

    for _ in reach(statistics, onward, _MOST_NODES):
        pass
    return list(found.values())


def updates_of(variable: Tensor, sources: Collection[Node], graph: Graph) -> list[Update]:
    """The ops that assign something made of these nodes to this variable, by whatever arithmetic.

    For what `updates_from` does not follow; what an initializer or a restore assigns is made of none of them.
    """

    def onward(tensor: Tensor) -> Iterator[Tensor]:
        for node, slot in graph.uses_of(tensor):
            if node.op in IDENTITIES and slot == 0:
                yield node.output()
                if node.op in SWITCHES:
                    yield node.output(1)

    return [
        Update(node=node, variable=variable, momentum=_momentum(node, variable))
        for tensor in reach([variable], onward, _MOST_NODES)
        for node, slot in graph.uses_of(tensor)
        if node.op in ASSIGNS and slot == 0
        if is_made_of(node.inputs[1].node, sources)
    ]


def updates_behind(sources: Collection[Tensor], graph: Graph) -> dict[Tensor, list[Update]]:
    """By source, the ops that assign something made of it to a vector, in graph order.

    Looked for from the assigns, through the arithmetic of batch renormalization and of virtual batches, which
    forward would lead through what is normalized; a way ends at the first source it meets.
    """

    def onward(tensor: Tensor) -> Iterator[Tensor]:
        further = tensor.node.op in _BACKWARD and tensor not in sources
        return (same(before) for before in (tensor.node.inputs if further else ()))

    found: dict[Tensor, list[Update]] = {}
    for node in graph:
        variable = _variable(node) if node.op in ASSIGNS else None
        if variable is None or not declared_shape(variable.node):
            continue
        update = Update(node=node, variable=variable, momentum=_momentum(node, variable))
        for source in filter(sources.__contains__, reach([same(node.inputs[1])], onward, _MOST_NODES)):
            found.setdefault(source, []).append(update)
    return found


def averages_of(variable: Tensor, graph: Graph) -> list[Update]:
    """The ops that average this variable into another one: `v -= (v - variable) * (1 - momentum)`."""
    found = []
    for update in updates_from([variable], graph):
        product = value(update.node.inputs[1]).node
        if update.variable == variable or update.node.op not in SUBTRACTS_IN_PLACE or product.op != "Mul":
            continue
        gaps = [value(tensor).node for tensor in product.inputs]
        pair = [update.variable, variable]
        if any(gap.op == "Sub" and [value(tensor) for tensor in gap.inputs] == pair for gap in gaps):
            found.append(update)
    return found


def is_made_of(node: Node, sources: Collection[Node]) -> bool:
    """Whether a node is computed from one of the sources, near enough to be seen."""
    return any(current in sources for current in reach([node], _producers, _MOST_NODES))


def _producers(node: Node) -> Iterable[Node]:
    return () if node.op in VARIABLES else (tensor.node for tensor in node.inputs)


def _holding(assign: Node, variable: Tensor, graph: Graph) -> list[Tensor]:
    """Tensors that hold what was assigned: of a plain assign the variable too, of an average only what reads
    it after the assignment (zero_debias does, to correct for its start).
    """
    if assign.op in REPLACES:
        return [variable, assign.output()]
    reads = [use.node for use in graph.uses_of(variable) if use.node.op == "ReadVariableOp"]
    return [assign.output(), *(read.output() for read in reads if assign in read.controls)]


def _initializes(switch: Node) -> bool:
    """Whether the Switch hands a variable's value to what starts from it, as the shadow of a variable does:
    from its own value where that is initialized, else from its initial one.
    """
    return same(switch.inputs[1]).node.op in _IS_INITIALIZED


def _variable(assign: Node) -> Tensor | None:
    """The variable an op changes (or the constant freezing put in its place)."""
    source = same(assign.inputs[0])
    return source if source.node.op in VARIABLES or source.node.op == "Const" else None


def _momentum(assign: Node, variable: Tensor) -> float | None:
    """The momentum of `v -= (v - batch) * (1 - momentum)` or `v = v * momentum + batch * (1 - momentum)`."""
    source = value(assign.inputs[1])
    if assign.op in SUBTRACTS_IN_PLACE:
        rate = _factor_of(source, lambda tensor: value(tensor).node.op == "Sub", idle=0.0)
        return None if rate is None else 1.0 - rate
    if source.node.op in ("Add", "AddV2"):
        for side in source.node.inputs:
            kept = _factor_of(value(side), lambda tensor: value(tensor) == variable, idle=1.0)
            if kept is not None:
                return kept
    return None


def _factor_of(product: Tensor, is_other: Callable[[Tensor], bool], *, idle: float) -> float | None:
    """The number c of c * t, where t is the tensor looked for; None for anything else. `idle` is the number
    that would leave the statistic as it is.
    """
    if product.node.op != "Mul":
        return None
    for one, other in (product.node.inputs, product.node.inputs[::-1]):
        number = _number(one, idle)
        if number is not None and is_other(other):
            return number
    return None


def _number(tensor: Tensor, idle: float, depth: int = 0) -> float | None:
    """A constant number, or 1 - a constant number, rounded to what float32 holds of it; None for more of
    differences than anybody writes.

    A conditional that gives the idle number where nothing is to be learned (tf.layers: a momentum of 1, in
    1.7 a rate of 0) counts as its other side.
    """
    source = value(tensor)
    node = source.node
    found: float | None
    if node.op in MERGES:
        learning = {scalar(side) for side in node.inputs} - {idle}
        found = learning.pop() if len(learning) == 1 else None
    elif node.op == "Sub" and depth < _MOST_DIFFERENCES:
        first = _number(node.inputs[0], idle, depth + 1)
        second = _number(node.inputs[1], 1.0 - idle, depth + 1)
        found = None if first is None or second is None else first - second
    else:
        found = scalar(tensor)
    return None if found is None or not isfinite(found) else round(found, 7)
