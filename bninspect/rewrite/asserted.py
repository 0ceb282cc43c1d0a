"""Records whose Asserts hold: a copy of a model in which a layer takes the branch that nobody chose.

An Assert in that branch may say that it was chosen (`tf.case` asserts of each case that no other is true). A
copy that gives the layers one mode and everything else the other would stop there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bninspect.graph.search import reach, readers_by_name
from bninspect.graphdef.records import node_name
from bninspect.graphdef.writer import new_node, rewritten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.graphdef import GraphDef, NodeDef

_TRUE = "bninspect_holds"


def without_asserts_of(graphdef: GraphDef, sources: Iterable[str]) -> GraphDef:
    """The records, in which every Assert of the top level that depends on one of these nodes is given true.

    It still waits for its condition, and is dead where that is.
    """
    asserts = [node for node in graphdef.nodes if node.op == "Assert"]
    if not asserts:
        return graphdef
    behind = set(reach(sources, readers_by_name(graphdef.nodes).__getitem__))
    held = {node.name: _holding(node) for node in asserts if node.name in behind}
    nodes = (new for node in graphdef.nodes for new in held.get(node.name, (node,)))
    return replace(graphdef, nodes=tuple(nodes))


def _holding(node: NodeDef) -> tuple[NodeDef, NodeDef]:
    """A constant true that waits for the condition, and the Assert of it."""
    condition, *rest = node.inputs
    name = f"{node.name}/{_TRUE}"
    attributes = {"dtype": "bool", "value": np.array(True)}
    true = new_node(name, "Const", (f"^{node_name(condition)}",), attributes)
    return true, rewritten(node, name=node.name, inputs=(name, *rest))
