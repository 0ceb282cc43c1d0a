"""A choice within a choice: when a tree of conditionals hands on one of two modes, as one predicate.

    cond(export, stored, lambda: cond(training, batch, stored))        training, and not export

No tensor of the file is that predicate. It is made here of LogicalAnd, LogicalOr and LogicalNot nodes that
stand in no graph: what decides it, and what it is for given values, is found as of any other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.switch import JointDecider
from bninspect.batchnorm.wiring.alternatives import sides
from bninspect.batchnorm.wiring.conditions import contexts
from bninspect.batchnorm.wiring.deciding import value_of
from bninspect.batchnorm.wiring.predicates.predicate import analyse
from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.graph import Node, Tensor
from bninspect.graph.search import postorder
from bninspect.graph.trace import same, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bninspect.batchnorm.switch import Predicate
    from bninspect.batchnorm.wiring.conditions import Conditions, Context

_DEEPEST = 8
MOST_PARTS = 6
"""What decides one predicate together: of more, no values are looked for."""

Truth = bool | Tensor


class Decision(NamedTuple):
    """When a tensor is one of two things."""

    predicate: Tensor
    """True while it is the first."""
    joins: tuple[Node, ...]
    """Where it is chosen, outermost first."""
    several: bool
    """Whether more than one of these joins has a say."""


def decision(
    tensor: Tensor, is_first: Callable[[Tensor], bool | None], conditions: Conditions
) -> Decision | None:
    """When a tensor is the first of two things, by `is_first` of each that it can be; None where that says
    None of one of them, where it is always the same, and where no values of what decides are known.
    """
    tree = _Tree(is_first, conditions)
    found = tree.truth(value(tensor), frozenset(), _DEEPEST)
    if not isinstance(found, Tensor):
        return None
    several = tree.deciding > 1
    if several and not is_decided(analysed(found, conditions)):
        return None
    return Decision(found, tuple(dict.fromkeys(tree.joins)), several)


class _Tree:
    """A walk over the alternatives of one tensor."""

    def __init__(self, is_first: Callable[[Tensor], bool | None], conditions: Conditions) -> None:
        self._is_first = is_first
        self._conditions = conditions
        self.joins: list[Node] = []
        self.deciding = 0

    def truth(self, tensor: Tensor, given: Context, depth: int) -> Truth | None:
        """When the tensor is the first thing, where `given` holds: always, never, or a predicate."""
        join = self._conditions.join(tensor.node) if tensor.port == 0 else None
        if join is None or depth == 0:
            return self._is_first(tensor)
        self.joins.append(tensor.node)
        possible = sides(join, self._conditions, given)
        both = [self.truth(value(side), context, depth - 1) for side, context in possible]
        if not both or None in both:
            return None
        if len(both) == 1 or both[0] is both[1]:
            return both[0]
        self.deciding += 1
        stands, negated = self._conditions.base(join.predicate)
        return either(stands, *(reversed(both) if negated else both))


def either(predicate: Tensor, yes: Truth | None, no: Truth | None) -> Truth:
    """(predicate and yes) or (not predicate and no), in as few words as it takes."""
    if yes is True:
        return predicate if no is False else _made("LogicalOr", predicate, no)
    if no is False:
        return _made("LogicalAnd", predicate, yes)
    against = _made("LogicalNot", predicate)
    if yes is False:
        return against if no is True else _made("LogicalAnd", no, against)
    if no is True:
        return _made("LogicalOr", yes, against)
    return _made("LogicalOr", _made("LogicalAnd", predicate, yes), _made("LogicalAnd", against, no))


def _made(op: str, *operands: Truth | None) -> Tensor:
    """A node that stands in no graph, whose name says what it is."""
    tensors = tuple(tensor for tensor in operands if isinstance(tensor, Tensor))
    if op == "LogicalNot":
        words = condition(tensors[0], opposite=True)
    else:
        words = (" and " if op == "LogicalAnd" else " or ").join(map(_words, tensors))
    node = Node(name=words, op=op, nodedef=None, stands_for=words)
    node.inputs = tensors
    return node.output()


def _words(tensor: Tensor) -> str:
    if is_made(tensor):
        return tensor.name if tensor.node.op == "LogicalNot" else f"({tensor.name})"
    return condition(tensor)


def is_made(tensor: Tensor) -> bool:
    """Whether the tensor was made here: no graph has numbered its node."""
    return tensor.node.index < 0


def analysed(tensor: Tensor, conditions: Conditions) -> Predicate:
    """What decides a predicate; of one that was made here, what decides its parts, too."""
    behind, negated = conditions.base(tensor)
    found = replace(analyse(tensor), behind=behind, negated=negated)
    if not is_made(tensor) or is_decided(found):
        return found
    return replace(found, parts=_parts(tensor, conditions))


class Deciders:
    """What decides the predicates of one graph, asked once for all that hand on one tensor."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._known: dict[Tensor, Predicate] = {}

    def of(self, tensor: Tensor) -> Predicate:
        """As `analysed`."""
        if tensor not in self._known:
            source = same(tensor)
            if source not in self._known:
                self._known[source] = analysed(source, self._conditions)
            self._known[tensor] = replace(self._known[source], tensor=tensor)
        return self._known[tensor]


def is_decided(predicate: Predicate) -> bool:
    """Whether it is known what decides a predicate, or which parts of it."""
    return predicate.source is not None or predicate.constant is not None or bool(predicate.parts)


def _parts(tensor: Tensor, conditions: Conditions) -> tuple[JointDecider, ...]:
    """What decides each part, with values that make the predicate true, and values that make it false, the
    opposite as far as may be; nothing if there are none.
    """
    deciders: dict[Tensor, None] = {}
    for part in _predicates(tensor):
        found = analyse(part)
        if found.constant is None:
            deciders[found.behind if found.source is None else found.source] = None
    if len(deciders) > MOST_PARTS:
        return ()
    serving: defaultdict[bool | None, list[Context]] = defaultdict(list)
    for given in filter(conditions.possible, contexts(deciders)):
        serving[value_of(tensor, dict(given))].append(given)
    if not serving[True] or not serving[False]:
        return ()
    pairs = product(serving[True], reversed(serving[False]))
    true, false = max(pairs, key=lambda pair: len(pair[0] - pair[1]))
    return tuple(JointDecider(one, (one, True) in true, (one, True) in false) for one in deciders)


def _predicates(tensor: Tensor) -> Iterator[Tensor]:
    """The predicates of the file that one was made of."""
    parts = postorder([tensor], lambda part: part.node.inputs if is_made(part) else ())
    return (part for part in parts if not is_made(part))
