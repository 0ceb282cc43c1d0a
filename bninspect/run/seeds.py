"""Random ops given seeds of their own: then two programs, or two copies of one, draw the same numbers.

An op without seeds draws others in every session. Seeded by its name in the original, a dropout drops the
same values in both modes and in the original, so that what differs between them is not chance. Within one
session each run still draws anew.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.graphdef.writer import rewritten
from bninspect.run.pure_ops import RANDOM_OPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.graphdef import GraphDef, NodeDef


def seeded(graphdef: GraphDef, originals: Mapping[str, str] | None = None) -> GraphDef:
    """The records with a seed for every random op at the top level that has none.

    `originals` tells the name in the original of a node that is called otherwise here.
    """
    names = originals or {}
    nodes = tuple(
        _seeded(node, names.get(node.name, node.name)) if node.op in RANDOM_OPS else node
        for node in graphdef.nodes
    )
    return replace(graphdef, nodes=nodes)


def _seeded(node: NodeDef, name: str) -> NodeDef:
    """The node with seeds made of its name; itself where the file gives it some."""
    if node.attr("seed", 0) or node.attr("seed2", 0):
        return node
    number = zlib.crc32(name.encode())
    return rewritten(node, name=node.name, inputs=node.inputs, attributes={"seed": 1 + number, "seed2": 1})
