"""What the outputs of a model need while predicates have values: of every join the side that is taken.

`conditions` has the one half of it: a Switch says when a node runs. A Select runs both its sides, and says
whose value is used. What is used under one value of a predicate alone is a branch of it, either way.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.wiring.conditions import both, contexts
from bninspect.batchnorm.wiring.nested import MOST_PARTS
from bninspect.graph.search import dependencies, postorder, reach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bninspect.batchnorm.wiring.conditions import Conditions, Context, Join
    from bninspect.graph import Graph, Node, Tensor

_MOST_STEPS = 2_000_000
"""Nodes looked at for one graph, in all."""
_MOST_TURNS = 8
_ALWAYS: Context = frozenset()


class _Chosen(NamedTuple):
    """A join, by the one tensor that stands for its predicate."""

    join: Join
    source: Tensor
    negated: bool

    def side(self, value: bool) -> Node:
        """The node whose value is handed on while the source has this value."""
        return (self.join.if_true if value != self.negated else self.join.if_false).node


class Demand:
    """What these outputs need of one graph, found where it is asked for."""

    def __init__(self, outputs: Sequence[Node], graph: Graph, conditions: Conditions) -> None:
        self._outputs = outputs
        self._graph = graph
        self._conditions = conditions
        self._known: dict[Context, set[Node]] = {}
        self._steps = 0
        self._deciding: dict[tuple[Tensor, ...], dict[Node, frozenset[Tensor]]] = {}

    @cached_property
    def _chosen(self) -> dict[Node, _Chosen]:
        """The joins that the outputs depend on, nearest to them first."""
        joins = ((node, self._conditions.join(node)) for node in reach(self._outputs, dependencies))
        return {
            node: _Chosen(join, *self._conditions.base(join.predicate))
            for node, join in joins
            if join is not None
        }

    def _needed(self, given: Context) -> set[Node] | None:
        """The nodes that the outputs need where these sources have these values; None if that is not known,
        since too many were looked at.
        """
        if given not in self._known:
            if self._steps > _MOST_STEPS:
                return None
            values = dict(given)
            self._known[given] = set(reach(self._outputs, lambda node: self._before(node, values)))
            self._steps += len(self._known[given])
        return self._known[given]

    def _before(self, node: Node, values: Mapping[Tensor, bool]) -> list[Node]:
        chosen = self._chosen.get(node)
        if chosen is None or chosen.source not in values:
            return dependencies(node)
        return [chosen.side(values[chosen.source])]

    def sources(
        self, nodes: Collection[Node], known: Sequence[Tensor] = (), at: Sequence[Context] = (_ALWAYS,)
    ) -> tuple[Tensor, ...]:
        """What decides alone whether one of these nodes is needed, where one of these values of known sources
        holds; the known ones come first. No more than a predicate is made of.
        """
        if len(known) >= MOST_PARTS:
            return tuple(known)
        choosing = (one.source for one in self._chosen.values())
        around = (source for node in nodes for source, _ in self._conditions.of(node))
        deciding = list(known)
        for source in dict.fromkeys((*choosing, *around)):
            if source not in known and any(self._decides(source, node, at) for node in nodes):
                deciding.append(source)
        return tuple(deciding[:MOST_PARTS])

    def _decides(self, source: Tensor, node: Node, given: Sequence[Context]) -> bool:
        """Whether a node is needed for one value of the source alone, where one of these contexts holds."""
        return any(
            self.needs([node], values | {(source, True)}) != self.needs([node], values | {(source, False)})
            for values in given
        )

    def table(
        self, groups: Sequence[Collection[Node]], sources: Sequence[Tensor]
    ) -> list[tuple[bool | None, ...]]:
        """Of each of these groups whether one of its nodes is needed: a row for all values of the sources,
        true before false; None for values that they cannot have at once.
        """
        return [
            tuple(self.needs(nodes, given) if self._conditions.possible(given) else None for nodes in groups)
            for given in contexts(sources)
        ]

    def needs(self, nodes: Collection[Node], given: Context) -> bool:
        """Whether one of these nodes runs and is needed where these sources have these values; true where
        that is not known.
        """
        needed = self._needed(given)
        if needed is None:
            return True
        against = {(source, not value) for source, value in given}
        return any(node in needed and against.isdisjoint(self._conditions.of(node)) for node in nodes)

    def condition(self, node: Node) -> Context:
        """The sources, each with the one value that lets the node be needed; none without which it may be."""
        return self._needed_when.get(node, _ALWAYS)

    @cached_property
    def _needed_when(self) -> Mapping[Node, Context]:
        """Of every node that may be needed what holds on each way from an output to it: found for all at
        once, and again until nothing changes, as ways go round loops. Nothing where they do so too often.
        """
        order = [*postorder(self._outputs, lambda node: [one for one, _ in self._edges(node, _ALWAYS)])][::-1]
        found: dict[Node, Context] = dict.fromkeys(self._outputs, _ALWAYS)
        for _ in range(_MOST_TURNS):
            changed = False
            for node in order:
                for one, given in self._edges(node, found[node]):
                    known = found.get(one)
                    if known is None or not known <= given:
                        found[one] = given if known is None else known & given
                        changed = True
            if not changed:
                return found
        return {}

    def _edges(self, node: Node, given: Context) -> list[tuple[Node, Context]]:
        """What a node waits for, each with what holds where it is needed for that, if this holds for the
        node: of a join what it hands on and what chooses.
        """
        chosen = self._chosen.get(node)
        if chosen is None:
            return [(one, given) for one in dependencies(node)]
        sides = [
            (chosen.side(value), both(given, frozenset({(chosen.source, value)}))) for value in (True, False)
        ]
        return [*sides, *((one, given) for one in (chosen.join.predicate.node, *node.controls))]

    def needs_at_once(self, first: Collection[Node], second: Collection[Node]) -> bool:
        """Whether one of the first and one of the second are needed under the same values."""
        return any(map(all, self.table([first, second], self.sources([*first, *second]))))

    def joins(
        self, nodes: Collection[Node], deciding: Collection[Tensor], sources: Sequence[Tensor]
    ) -> tuple[Node, ...]:
        """Where what these nodes give is chosen by the deciding ones of the sources: the joins behind them
        that are needed whatever their own predicate is, nearest first.
        """

        def onward(node: Node) -> Iterator[Node]:
            if not self._decided_by(node, sources).isdisjoint(deciding):
                yield from (use.node for use in self._graph.uses(node))

        behind = reach(nodes, onward)
        return tuple(
            node
            for node in behind
            if node in self._chosen
            and self._chosen[node].source in deciding
            and self._chosen[node].source not in self._decided_by(node, sources)
        )

    def _decided_by(self, node: Node, sources: Sequence[Tensor]) -> frozenset[Tensor]:
        """Those of the sources on whose value it depends, for some values of the others, whether the node is
        needed. Asked once: the pairs of a network have most of what is behind them in common.
        """
        known = self._deciding.setdefault(tuple(sources), {})
        if node not in known:
            possible = filter(self._conditions.possible, contexts(sources))
            needed = {given: self.needs([node], given) for given in possible}
            known[node] = frozenset(
                source
                for source in sources
                if any(
                    needed.get(given ^ {(source, True), (source, False)}) is (not one)
                    for given, one in needed.items()
                )
            )
        return known[node]

    def predicate(self, source: Tensor, joins: Sequence[Node], node: Node) -> tuple[Tensor, bool]:
        """(the predicate of this source that the first of the joins reads, or without joins the Switch before
        the node; whether it is the negation of the source).
        """
        if joins:
            return self._chosen[joins[0]].join.predicate, self._chosen[joins[0]].negated
        predicate = self._conditions.nearest(node, source)
        return predicate, self._conditions.base(predicate)[1]
