"""What a tensor can be: behind a Merge or a Select one of several, behind nested ones one of many.

tf.case is a conditional in the branch of a conditional, in TensorFlow 1.4 one beside the other; so what meets
at a Merge may stand behind further Merges. An alternative whose conditions cannot all hold (the default of a
tf.case whose cases leave nothing over) is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.graph.search import postorder
from bninspect.graph.trace import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.wiring.conditions import Conditions, Context, Join
    from bninspect.graph import Node, Tensor

_MOST_PLACES = 128
"""Joins, and what they choose among, on all ways together."""


class _Descent(NamedTuple):
    """One way back to a tensor, as far as it was gone."""

    tensor: Tensor
    context: Context
    """All that holds where it is chosen."""
    joins: tuple[Node, ...]


class Alternative(NamedTuple):
    """One tensor that another may be."""

    tensor: Tensor
    """At its source, before Reshape and Cast."""
    joins: tuple[Node, ...]
    """The Merges and Selects it comes through, the last first."""
    given: Context = frozenset()
    """All that holds where it is chosen."""


def alternatives(tensor: Tensor, conditions: Conditions, given: Context = frozenset()) -> list[Alternative]:
    """All that the tensor can be where `given` holds; itself, where nothing chooses or too much does."""
    source = value(tensor)
    if conditions.join(source.node) is None:
        return [Alternative(source, (), given)]
    found: list[Alternative] = []

    def before(place: _Descent) -> Iterator[_Descent]:
        current, context, joins = place
        join = conditions.join(current.node) if current.port == 0 else None
        if join is None or current.node in joins:
            found.append(Alternative(current, joins, context))
            return
        for side, narrower in sides(join, conditions, context):
            yield _Descent(value(side), narrower, (*joins, current.node))

    ways = postorder([_Descent(source, given, ())], before, _MOST_PLACES)
    return found if len(list(ways)) < _MOST_PLACES else [Alternative(source, (), given)]


def sides(join: Join, conditions: Conditions, given: Context = frozenset()) -> list[tuple[Tensor, Context]]:
    """(what a join hands on, all that holds then) for both values of its predicate, as far as they can be."""
    source, negated = conditions.base(join.predicate)
    both = []
    for side, taken in ((join.if_true, True), (join.if_false, False)):
        context = given | conditions.of_tensor(side) | {(source, taken != negated)}
        if conditions.possible(context):
            both.append((side, context))
    return both
