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
    from bninspect.batchnorm.wiring.conditions import Conditions, Context, Join
    from bninspect.graph import Node, Tensor

_MOST_JOINS = 64


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


def alternatives(tensor: Tensor, conditions: Conditions, given: Context = frozenset()) -> list[Alternative]:
    """All that the tensor can be where `given` holds; itself, where nothing chooses or too much does."""
    source = value(tensor)
    if source.port or conditions.join(source.node) is None:
        return [Alternative(source, ())]
    found: list[Alternative] = []
    chosen: set[Node] = set()
    too_many = False

    def before(place: _Descent) -> list[_Descent]:
        nonlocal too_many
        current, context, joins = place
        join = conditions.join(current.node) if current.port == 0 else None
        if join is None or current.node in joins:
            found.append(Alternative(current, joins))
            return []
        chosen.add(current.node)
        too_many = len(chosen) + len(found) > _MOST_JOINS
        if too_many:
            return []
        onward = (*joins, current.node)
        return [
            _Descent(value(side), narrower, onward) for side, narrower in sides(join, conditions, context)
        ]

    for _ in postorder([_Descent(source, given, ())], before):
        if too_many:
            return [Alternative(source, ())]
    return found


def sides(join: Join, conditions: Conditions, given: Context = frozenset()) -> list[tuple[Tensor, Context]]:
    """(what a join hands on, all that holds then) for both values of its predicate, as far as they can be."""
    source, negated = conditions.base(join.predicate)
    both = []
    for side, taken in ((join.if_true, True), (join.if_false, False)):
        context = given | conditions.of_tensor(side) | {(source, taken != negated)}
        if conditions.possible(context):
            both.append((side, context))
    return both
