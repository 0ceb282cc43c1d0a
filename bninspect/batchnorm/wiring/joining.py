"""Where what a layer gives may be chosen: the Merges, Selects, blends and picks behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.arithmetic.blend import STEPS
from bninspect.batchnorm.wiring.arithmetic.picked import SIDE_BY_SIDE
from bninspect.graph.ops import IDENTITIES, MERGES, RESHAPES, SELECTS, SWITCHES
from bninspect.graph.search import reach

if TYPE_CHECKING:
    from bninspect.batchnorm.site import Site
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

_CHOOSING = MERGES | SELECTS
_ONWARD = IDENTITIES | RESHAPES
_MOST_ONWARD = 64
_MOST_WEIGHED = 3
"""Sums and products between a term of a blend and its end."""


class Joins:
    """The joins behind the sites of one graph; the way from each is walked once."""

    def __init__(self, graph: Graph, conditions: Conditions) -> None:
        self._graph = graph
        self._conditions = conditions
        self._known: dict[Site, list[Node]] = {}
        self._steps = STEPS if conditions.may_weigh else frozenset()
        self._leading = conditions.joining | self._steps | SIDE_BY_SIDE | _ONWARD
        """The ops that lead to a join, or are one."""

    def behind(self, site: Site) -> list[Node]:
        """The nodes that choose which the site's output is handed to, through further ones too, nearest
        first.
        """
        if site not in self._known:
            self._known[site] = self._ahead_of(site.output)
        return self._known[site]

    def _ahead_of(self, output: Tensor) -> list[Node]:
        if not any(node.op in self._leading for node, _ in self._graph.uses_of(output)):
            return []
        weighed = {output: 0}
        found: list[Node] = []

        def onward(tensor: Tensor) -> list[Tensor]:
            ahead = []
            for node, slot in self._graph.uses_of(tensor):
                op, steps = node.op, 0
                if op not in self._leading:
                    continue
                if op in _CHOOSING or self._conditions.join(node) is not None:
                    found.append(node)
                elif op in self._steps and weighed[tensor] < _MOST_WEIGHED:
                    steps = weighed[tensor] + 1
                elif op not in SIDE_BY_SIDE and (op not in _ONWARD or slot != 0):
                    continue
                for port in (0, 1) if op in SWITCHES else (0,):
                    given = node.output(port)
                    weighed.setdefault(given, steps)
                    ahead.append(given)
            return ahead

        for _ in reach([output], onward, _MOST_ONWARD):
            pass
        return found
