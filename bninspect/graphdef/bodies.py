"""Records with a few nodes exchanged, at the top level or inside library functions, and all else as it
stands.

A function is written anew around the nodes that change: every other field of it, unknown ones too, is copied
byte for byte.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.graphdef import wire
from bninspect.graphdef.records import Span
from bninspect.graphdef.writer import length_delimited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bninspect.graphdef.records import FunctionDef, GraphDef, NodeDef

_NODE = 3
"""The field of a FunctionDef that holds its nodes."""


def exchanged(graphdef: GraphDef, nodes: Mapping[NodeDef, Sequence[NodeDef]]) -> GraphDef:
    """The records with each of these nodes (records of this graph) replaced by those it is mapped to, in its
    place.
    """
    functions = {name: _function(function, nodes) for name, function in graphdef.functions.items()}
    return replace(graphdef, nodes=_listed(graphdef.nodes, nodes), functions=functions)


def _listed(given: Sequence[NodeDef], nodes: Mapping[NodeDef, Sequence[NodeDef]]) -> tuple[NodeDef, ...]:
    return tuple(new for node in given for new in nodes.get(node, (node,)))


def _function(function: FunctionDef, nodes: Mapping[NodeDef, Sequence[NodeDef]]) -> FunctionDef:
    """The function with its nodes exchanged; itself where none of them is."""
    if nodes.keys().isdisjoint(function.nodes):
        return function
    data = bytearray()
    records = iter(function.nodes)
    buffer = function.span.buffer
    for field in wire.fields(*function.span):
        if field.number != _NODE or field.wire != wire.LENGTH:
            data += buffer[field.begin : field.end]
            continue
        node = next(records)
        if node not in nodes:
            data += buffer[field.begin : field.end]
            continue
        for new in nodes[node]:
            for part in length_delimited(_NODE, (new.span,)):
                data += part.bytes()
    return replace(function, nodes=_listed(function.nodes, nodes), span=Span(bytes(data), 0, len(data)))
