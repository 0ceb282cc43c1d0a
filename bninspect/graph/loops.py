"""Which nodes stand in a loop of TensorFlow 1 (while_loop, map_fn, dynamic_rnn), and so in its frame.

A node of the frame may read nothing from outside but through an Enter, and has a value in every turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.ops import ENTERS, EXITS
from bninspect.graph.search import reach, readers_by_name, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bninspect.graph.graph import Graph, Node
    from bninspect.graphdef.records import NodeDef


def in_loops(graph: Graph) -> set[Node]:
    """Nodes in the body of a loop: what lies behind an Enter and before its Exit."""
    enters = graph.where(ENTERS.__contains__)

    def inside(node: Node) -> Iterator[Node]:
        return (use.node for use in graph.uses(node) if use.node.op not in EXITS)

    return set(reach(enters, inside))


def frames(nodes: Mapping[str, NodeDef]) -> dict[str, str]:
    """The loop that each of these records (by name) stands in, by its frame's name; of nested ones any."""
    enters = [node.name for node in nodes.values() if node.op in ENTERS]
    readers = readers_by_name(nodes.values() if enters else ())

    def inside(name: str) -> Sequence[str]:
        return () if nodes[name].op in EXITS else readers[name]

    found: dict[str, str] = {}
    for name, before in steps(enters, inside):
        found[name] = _frame_name(nodes[name]) if before is None else found[before]
    return found


def _frame_name(enter: NodeDef) -> str:
    """The frame that an Enter opens; empty if it names none."""
    name = enter.attr("frame_name")
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else ""
