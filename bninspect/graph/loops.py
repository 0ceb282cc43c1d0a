"""Which nodes stand in a loop of TensorFlow 1 (while_loop, map_fn, dynamic_rnn), and so in its frame.

A node of the frame may read nothing from outside but through an Enter, and has a value in every turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.ops import ENTERS, EXITS
from bninspect.graph.search import reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graph.graph import Graph, Node


def in_loops(graph: Graph) -> set[Node]:
    """Nodes in the body of a loop: what lies behind an Enter and before its Exit."""
    enters = graph.where(ENTERS.__contains__)

    def inside(node: Node) -> Iterator[Node]:
        return (use.node for use in graph.uses(node) if use.node.op not in EXITS)

    return set(reach(enters, inside))
