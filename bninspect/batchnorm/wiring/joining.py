"""Where what a layer gives may be chosen: the Merges, Selects, blends and picks behind a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.blend import STEPS
from bninspect.batchnorm.wiring.picked import SIDE_BY_SIDE
from bninspect.graph.ops import IDENTITIES, MERGES, RESHAPES, SELECTS, SWITCHES
from bninspect.graph.search import reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

_ONWARD = IDENTITIES | RESHAPES
_MOST_ONWARD = 64
_MOST_WEIGHED = 3
"""Sums and products between a term of a blend and its end."""


def joins_behind(output: Tensor, graph: Graph, conditions: Conditions) -> list[Node]:
    """The nodes that choose which a tensor is handed to, through further ones too, nearest first."""
    weighed = {output: 0}
    found: list[Node] = []

    def onward(tensor: Tensor) -> Iterator[Tensor]:
        for use in graph.uses_of(tensor):
            node, steps = use.node, 0
            if node.op in MERGES | SELECTS or conditions.join(node) is not None:
                found.append(node)
            elif node.op in STEPS and weighed[tensor] < _MOST_WEIGHED:
                steps = weighed[tensor] + 1
            elif node.op not in SIDE_BY_SIDE and (node.op not in _ONWARD or use.slot != 0):
                continue
            for port in (0, 1) if node.op in SWITCHES else (0,):
                weighed.setdefault(node.output(port), steps)
                yield node.output(port)

    for _ in reach([output], onward, _MOST_ONWARD):
        pass
    return found
