"""One node: its bytes -> a record, and its attributes when they are asked for. Large tensors are stepped
over.
"""

from __future__ import annotations

from typing import Any

from bninspect.graphdef import wire
from bninspect.graphdef.attributes import attribute
from bninspect.graphdef.records import NodeDef
from bninspect.graphdef.tensors import TensorValue, parse
from bninspect.graphdef.wire import Span

_SMALL = 4096
"""Nodes up to this many bytes are parsed whole; of larger ones only what is not a large attribute."""
_LARGE_ATTRIBUTE = 1024


def node_at(span: Span) -> NodeDef:
    """One node: name, op and inputs now, attributes when asked for."""
    small = span.end - span.start <= _SMALL
    message = parse("NodeDef", span.bytes() if small else _without_large(span)[0])
    return NodeDef(
        name=message.name, op=message.op, inputs=tuple(message.input), span=span, decode=attributes_at
    )


def _without_large(span: Span) -> tuple[bytes, dict[str, Span]]:
    """The node's bytes without its large attributes, and where the value of each of those lies.

    Of two attributes with one key the last counts, as in any protobuf map.
    """
    kept = bytearray()
    large: dict[str, Span] = {}
    for field in wire.fields(*span):
        if field.number == 5 and field.wire == wire.LENGTH:
            key, value = _entry(span._replace(start=field.start, end=field.end))
            if field.end - field.start > _LARGE_ATTRIBUTE:
                large[key] = value
                continue
            large.pop(key, None)
        kept += span.buffer[field.begin : field.end]
    return bytes(kept), large


def _entry(span: Span) -> tuple[str, Span]:
    """(key, where the value lies) of one entry of the attribute map."""
    key, value = "", span._replace(end=span.start)
    for part in wire.fields(*span):
        if part.number == 1:
            key = bytes(span.buffer[part.start : part.end]).decode("utf-8", "replace")
        elif part.number == 2:
            value = span._replace(start=part.start, end=part.end)
    return key, value


def attributes_at(span: Span) -> dict[str, Any]:
    """Every attribute of the node at this place, as Python values."""
    large: dict[str, Span] = {}
    data = span.bytes() if span.end - span.start <= _SMALL else b""
    if not data:
        data, large = _without_large(span)
    message = parse("NodeDef", data)
    values = {key: attribute(value) for key, value in message.attr.items()}
    for key, place in large.items():
        values[key] = _large_attribute(place)
    return values


def _large_attribute(span: Span) -> Any:
    """A tensor stays where it is; anything else (a long list) is parsed."""
    for field in wire.fields(*span):
        if field.number == 8 and field.wire == wire.LENGTH:
            return TensorValue.at(span._replace(start=field.start, end=field.end))
    return attribute(parse("AttrValue", span.bytes()))
