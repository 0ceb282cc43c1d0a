"""variance + epsilon, taken apart; and the other roots that are taken of the same sum.

Epsilon is a number, whatever feeds or chooses: a constant, the default of a placeholder, or what both
branches of a conditional hold. It may be added in each branch of the conditional that chooses the variance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.recognition.algebra import root_of
from bninspect.batchnorm.recognition.variance import is_parameter, unclipped
from bninspect.batchnorm.wiring.alternatives import alternatives
from bninspect.graph.ops import IDENTITIES
from bninspect.graph.search import reach
from bninspect.graph.trace import declared_shape, same, scalar, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

_ADDS = frozenset({"Add", "AddV2"})
_MOST_NODES = 64


class Radicand(NamedTuple):
    """What a root is taken of."""

    variance: Tensor
    epsilon: float | None
    """None where no number is added."""
    beneath: Callable[[Tensor], Tensor]
    """The variance itself of what a predicate chooses from."""


def radicand_of(radicand: Tensor, conditions: Conditions) -> Radicand:
    """What this tensor is as variance + epsilon, added before or behind the choice of a predicate."""
    variance, epsilon = variance_and_epsilon(radicand, conditions)
    if epsilon is not None:
        return Radicand(variance, epsilon, unclipped)
    every = alternatives(radicand, conditions)
    epsilons = {variance_and_epsilon(one.tensor, conditions)[1] for one in every}
    if len(epsilons) != 1:
        return Radicand(variance, None, unclipped)
    return Radicand(variance, epsilons.pop(), lambda tensor: variance_and_epsilon(tensor, conditions)[0])


def variance_and_epsilon(radicand: Tensor, conditions: Conditions) -> tuple[Tensor, float | None]:
    """(variance, epsilon) of variance + epsilon; epsilon None where no number is added."""
    source = unclipped(radicand)
    node = source.node
    if node.op in _ADDS:
        pairs = (node.inputs, node.inputs[::-1])
        numbers = [
            (one, other, epsilon)
            for one, other in pairs
            if (epsilon := _number(other, conditions)) is not None
        ]
        if numbers:
            one, _, epsilon = min(numbers, key=lambda found: is_parameter(found[1]))
            return unclipped(one), epsilon
    return source, None


def _number(tensor: Tensor, conditions: Conditions) -> float | None:
    """The one number that a tensor is when nothing is fed, whatever is chosen; None where it is none."""
    numbers = _numbers(tensor, conditions)
    return numbers.pop() if len(numbers) == 1 else None


def _numbers(tensor: Tensor, conditions: Conditions) -> set[float | None]:
    """All that a tensor can be when nothing is fed, None among it for what is no known number."""
    return {
        scalar(end.node.inputs[0] if end.node.op == "PlaceholderWithDefault" else end)
        for end in (one.tensor for one in alternatives(tensor, conditions))
    }


def unsettled(radicand: Tensor, conditions: Conditions) -> str | None:
    """Why epsilon has no one value: it is fed, or a predicate chooses it; None where that is not so."""
    node = unclipped(radicand).node
    for tensor in node.inputs if node.op in _ADDS else ():
        end = value(tensor)
        if end.node.op == "Placeholder" and declared_shape(end.node) == ():
            return f"epsilon is fed, {end.name}: its value is not in the file"
        numbers = _numbers(tensor, conditions)
        if len(numbers) > 1 and None not in numbers:
            listed = " or ".join(
                f"{number:g}" for number in sorted(number for number in numbers if number is not None)
            )
            return f"a predicate chooses epsilon, {listed}"
    return None


def roots_alike(root: Node, graph: Graph, conditions: Conditions) -> dict[Node, int]:
    """The root and all others of the same variance + epsilon, with the sign of each (see `root_of`): people
    write the root again where they need it again.
    """
    own = _key(root, conditions)
    assert own is not None

    def onward(node: Node) -> Iterator[Node]:
        return (use.node for use in graph.uses(node) if use.node.op in IDENTITIES | _ADDS)

    found = {root: own[2]}
    before = reach([own[0].node], onward, _MOST_NODES)
    for node in (use.node for one in before for use in graph.uses(one)):
        key = _key(node, conditions) if node not in found else None
        if key is not None and key[:2] == own[:2]:
            found[node] = key[2]
    return found


def _key(root: Node, conditions: Conditions) -> tuple[Tensor, float | None, int] | None:
    """(the variance as it is added to, epsilon, the sign) of a root; None of any other node."""
    taken = root_of(root)
    if taken is None:
        return None
    radicand, sign = taken
    node = same(radicand).node
    for one, other in (node.inputs, node.inputs[::-1]) if node.op in _ADDS else ():
        epsilon = _number(other, conditions)
        if epsilon is not None:
            return same(one), epsilon, sign
    return same(radicand), None, sign
