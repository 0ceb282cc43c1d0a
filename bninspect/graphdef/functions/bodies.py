"""Records with a few nodes exchanged, at the top level or inside library functions, and all else as it
stands.

What is around the nodes that change is copied byte for byte: the fields of a function, and of a file that is
a GraphDef those of the file, unknown ones and empty ones too, in their order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.files import whole
from bninspect.graphdef import wire
from bninspect.graphdef.wire import Span
from bninspect.graphdef.writer import length_delimited, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bninspect.graphdef.records import FunctionDef, GraphDef, NodeDef

    Exchange = Mapping[NodeDef, Sequence[NodeDef]]

_LIBRARY = 2
"""The field of a GraphDef that holds its functions."""
_NODE = 3
"""The field of a FunctionDef that holds its nodes."""


def exchanged(graphdef: GraphDef, nodes: Exchange) -> GraphDef:
    """The records with each of these nodes (records of this graph) replaced by those it is mapped to, in its
    place.
    """
    functions = {name: _function(function, nodes) for name, function in graphdef.functions.items()}
    return replace(graphdef, nodes=_listed(graphdef.nodes, nodes), functions=functions)


def write_exchanged(graphdef: GraphDef, nodes: Exchange, path: Path) -> int:
    """Writes the same to a file, whole or not at all; the number of bytes. Raises OSError."""
    size = 0
    with whole(path) as stream:
        for span in spans(graphdef, nodes):
            size += span.write(stream)
    return size


def spans(graphdef: GraphDef, nodes: Exchange) -> Iterator[Span]:
    """The same as ranges of bytes: those of the file, where it is a GraphDef, around what is new."""
    buffer = graphdef.nodes[0].span.buffer
    mapped = graphdef.format == "graphdef" and len(buffer) == graphdef.size
    if not mapped or any(node.span.buffer is not buffer for node in graphdef.nodes):
        return pieces(exchanged(graphdef, nodes))
    changed: dict[int, Sequence[Span]] = {
        node.span.start: [new.span for new in news] for node, news in nodes.items()
    }
    for function in graphdef.functions.values():
        new = _function(function, nodes)
        if new.span is not function.place:
            changed[function.place.start] = [new.span]
    return _joined(_file(Span(buffer, 0, len(buffer)), changed))


def _file(file: Span, changed: Mapping[int, Sequence[Span]]) -> Iterator[Span]:
    """The fields of a GraphDef, with other messages for those that begin where something changed."""
    for field in wire.fields(*file):
        whole_field = Span(file.buffer, field.begin, field.end)
        if field.wire != wire.LENGTH:
            yield whole_field
        elif field.number == _LIBRARY:
            inside = list(_entries(Span(file.buffer, field.start, field.end), changed))
            old = [part for part in inside if part.buffer is not file.buffer]
            yield from length_delimited(_LIBRARY, tuple(inside)) if old else (whole_field,)
        else:
            yield from _entry(field, whole_field, changed)


def _entries(library: Span, changed: Mapping[int, Sequence[Span]]) -> Iterator[Span]:
    for field in wire.fields(*library):
        yield from _entry(field, Span(library.buffer, field.begin, field.end), changed)


def _entry(field: wire.Field, whole_field: Span, changed: Mapping[int, Sequence[Span]]) -> Iterator[Span]:
    """The field as it is, or those in its place."""
    if field.start not in changed:
        yield whole_field
        return
    for new in changed[field.start]:
        yield from length_delimited(field.number, (new,))


def _joined(parts: Iterator[Span]) -> Iterator[Span]:
    """The same bytes in fewer ranges: neighbours of one buffer are one."""
    last: Span | None = None
    for part in parts:
        if last is not None and part.buffer is last.buffer and part.start == last.end:
            last = last._replace(end=part.end)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _listed(given: Sequence[NodeDef], nodes: Exchange) -> tuple[NodeDef, ...]:
    return tuple(new for node in given for new in nodes.get(node, (node,)))


def _function(function: FunctionDef, nodes: Exchange) -> FunctionDef:
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
