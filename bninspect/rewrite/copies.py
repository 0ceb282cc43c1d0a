"""Two graphs made of one -> one graph that holds both: what they have in common stands in it once.

A node is common where both graphs have the same record of it and everything it reads is common. So weights,
inputs, everything before the first batch norm and every number drawn there serve both copies, and what is
compared in the end differs by batch norm alone. The first graph keeps its names; nodes of the second that are
not common get a prefix.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.loops import frames
from bninspect.graph.ops import ENTERS
from bninspect.graph.search import reach
from bninspect.graphdef.records import node_name
from bninspect.graphdef.writer import rewritten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from bninspect.graphdef import GraphDef, NodeDef

_READ_ONCE = frozenset({"TensorArray", "TensorArrayV2", "TensorArrayV3", "Stack", "StackV2"})
"""Ops that make what is emptied by reading it: two loops cannot share one."""


@frozen_dataclass
class Copies:
    """Both graphs in one."""

    graphdef: GraphDef
    renamed: Mapping[str, str]
    """Name of a node of the second graph -> its name here, where that is another."""

    def second(self, tensor: str) -> str:
        """What a tensor of the second graph (`op:0`) is called here."""
        name, colon, port = tensor.partition(":")
        return self.renamed.get(name, name) + colon + port


def copies(first: GraphDef, second: GraphDef, *, prefix: str, apart: Collection[str] = ()) -> Copies:
    """Both graphs in one; the nodes `apart` are not shared, so that each copy can be fed its own value."""
    ours = {node.name: node for node in first.nodes}
    theirs = {node.name: node for node in second.nodes}
    split = _split(ours, theirs, apart)
    while any(name.startswith(f"{prefix}/") for name in ours):
        prefix += "_"
    renamed = {name: f"{prefix}/{name}" for name in theirs if name in split}
    frame_of = frames(theirs)
    nodes = list(first.nodes)
    for node in second.nodes:
        if node.name in renamed:
            frame = frame_of.get(node.name) if node.op in ENTERS else None
            attributes = {} if frame is None else {"frame_name": f"{prefix}/{frame}".encode()}
            inputs = tuple(_renamed(text, renamed) for text in node.inputs)
            nodes.append(rewritten(node, name=renamed[node.name], inputs=inputs, attributes=attributes))
    functions = {**second.functions, **first.functions}
    rest = (first.library_rest or second.library_rest) if functions else ()
    graphdef = replace(first, nodes=tuple(nodes), functions=functions, library_rest=rest)
    return Copies(graphdef=graphdef, renamed=renamed)


def _split(ours: Mapping[str, NodeDef], theirs: Mapping[str, NodeDef], apart: Collection[str]) -> set[str]:
    """Names of nodes that are not common to both."""
    readers: dict[str, set[str]] = defaultdict(set)
    for nodes in (ours, theirs):
        for node in nodes.values():
            for text in node.inputs:
                readers[node_name(text)].add(node.name)
    different = {name for name in ours.keys() | theirs.keys() if not _same(ours.get(name), theirs.get(name))}
    frame_of = {**frames(ours), **frames(theirs)}
    enters: dict[str | None, list[str]] = defaultdict(list)
    for name, frame in frame_of.items():
        if (ours.get(name) or theirs[name]).op in ENTERS:
            enters[frame].append(name)
    handles: dict[str, list[str]] = defaultdict(list)
    for name in ours:
        if ours[name].op in _READ_ONCE:
            for reader in readers[name]:
                handles[reader].append(name)

    def split_too(name: str) -> Iterator[str]:
        """What reads the node, its whole loop, and the handles it reads."""
        return chain(readers.get(name, ()), enters.get(frame_of.get(name), ()), handles.get(name, ()))

    return set(reach((*different, *(name for name in apart if name in ours)), split_too))


def _same(first: NodeDef | None, second: NodeDef | None) -> bool:
    """Whether the records are the same, attributes and all."""
    if first is None or second is None:
        return False
    return first is second or first.span.bytes() == second.span.bytes()


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """An input (`op`, `op:1`, `^op`) with the new name of its node."""
    mark = "^" if text.startswith("^") else ""
    name, colon, port = text[len(mark) :].partition(":")
    return mark + names.get(name, name) + colon + port
