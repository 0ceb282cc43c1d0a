"""Random ops whose numbers depend on their name and on the number of the run, and on nothing else.

    RandomUniform(shape)  ->  StatelessRandomUniform(shape, [key of the name, 0] + [0, number of the run])

So a dropout drops the same values in both modes and in the original, in one session or in several, and what
differs between them is not chance; and each run draws anew. An op inside a loop draws in every turn, and some
ops have no stateless form: they are given seeds instead, and draw the same numbers in the same run of a
session of their own.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bninspect.graph.loops import frames
from bninspect.graphdef.writer import new_node, rewritten
from bninspect.run.pure_ops import RANDOM_OPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.graphdef import GraphDef, NodeDef

NUMBER = "bninspect_run"
"""The node that is fed which run it is, as int64 [0, number]."""
_OF_A_SHAPE = {"T": "T", "dtype": "dtype"}
_STATELESS = {
    "RandomUniform": ("StatelessRandomUniform", 1, _OF_A_SHAPE),
    "RandomStandardNormal": ("StatelessRandomNormal", 1, _OF_A_SHAPE),
    "TruncatedNormal": ("StatelessTruncatedNormal", 1, _OF_A_SHAPE),
    "RandomUniformInt": ("StatelessRandomUniformInt", 1, {"T": "T", "dtype": "Tout"}),
    "Multinomial": ("StatelessMultinomial", 2, {"T": "T", "output_dtype": "output_dtype"}),
}
"""Op -> the same without state, the input at which that takes its seed, and its attributes by those of the
op.
"""


def seeded(graphdef: GraphDef, originals: Mapping[str, str] | None = None) -> GraphDef:
    """The records, in which every random op of the top level draws numbers by its name, or by the seeds that
    the file gives it.

    `originals` tells the name in the original of a node that is called otherwise here.
    """
    if not any(node.op in RANDOM_OPS for node in graphdef.nodes):
        return graphdef
    names = originals or {}
    looped = frames({node.name: node for node in graphdef.nodes})
    nodes: list[NodeDef] = []
    for node in graphdef.nodes:
        name = names.get(node.name, node.name)
        if node.op in _STATELESS and node.name not in looped:
            nodes += _stateless(node, name)
        else:
            nodes.append(_seeded(node, name) if node.op in RANDOM_OPS else node)
    return replace(graphdef, nodes=(new_node(NUMBER, "Placeholder", (), {"dtype": "int64"}), *nodes))


def number(run: int) -> dict[str, NDArray[np.int64]]:
    """What to feed in this run; they are counted from 0."""
    return {f"{NUMBER}:0": np.array([0, run], np.int64)}


def _stateless(node: NodeDef, name: str) -> tuple[NodeDef, NodeDef, NodeDef]:
    """The node without state, and its seed."""
    op, at, kept = _STATELESS[node.op]
    seeds = node.attr("seed", 0), node.attr("seed2", 0)
    value = np.array([_key(repr(seeds) if any(seeds) else name), 0], np.int64)
    key = new_node(f"{node.name}/bninspect_key", "Const", (), {"dtype": "int64", "value": value})
    seed = new_node(f"{node.name}/bninspect_seed", "AddV2", (key.name, NUMBER), {"T": "int64"})
    attributes = {new: node.attr(old) for new, old in kept.items() if node.attr(old) is not None}
    inputs = (*node.inputs[:at], seed.name, *node.inputs[at:])
    return key, seed, new_node(node.name, op, inputs, {**attributes, "Tseed": "int64"})


def _seeded(node: NodeDef, name: str) -> NodeDef:
    """The node with seeds made of its name; itself where the file gives it some."""
    if node.attr("seed", 0) or node.attr("seed2", 0):
        return node
    return rewritten(node, name=node.name, inputs=node.inputs, attributes={"seed": _key(name), "seed2": 1})


def _key(text: str) -> int:
    """A number made of the text, never 0."""
    return 1 + zlib.crc32(text.encode())
