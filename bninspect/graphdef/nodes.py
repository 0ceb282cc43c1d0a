"""One node: its bytes -> a record, and its attributes when they are asked for. Large tensors are stepped
over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
            key, value = _entry(Span(span.buffer, field.start, field.end))
            if field.end - field.start > _LARGE_ATTRIBUTE:
                large[key] = value
                continue
            large.pop(key, None)
        kept += span.buffer[field.begin : field.end]
    return bytes(kept), large


def _entry(span: Span) -> tuple[str, Span]:
    """(key, where the value lies) of one entry of the attribute map."""
    key, value = "", Span(span.buffer, span.start, span.start)
    for part in wire.fields(*span):
        if part.number == 1:
            key = bytes(span.buffer[part.start : part.end]).decode("utf-8", "replace")
        elif part.number == 2:
            value = Span(span.buffer, part.start, part.end)
    return key, value


def attributes_at(span: Span) -> Mapping[str, Any]:
    """Every attribute of the node at this place, as Python values."""
    if span.end - span.start <= _SMALL:
        return _Attributes(parse("NodeDef", span.bytes()).attr, {})
    data, large = _without_large(span)
    return _Attributes(parse("NodeDef", data).attr, large)


class _Attributes(Mapping[str, Any]):
    """The attributes of one node, each made a Python value when it is asked for."""

    __slots__ = ("_large", "_small", "_values")

    def __init__(self, small: Any, large: Mapping[str, Span]) -> None:
        """`small` are the messages of attributes, `large` says where those lie that were stepped over."""
        self._small = small
        self._large = large
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            if key in self._large:
                self._values[key] = _large_attribute(self._large[key])
            elif key in self._small:
                self._values[key] = attribute(self._small[key])
        return self._values[key]

    def get(self, key: str, default: Any = None) -> Any:
        value = self._values.get(key)
        return super().get(key, default) if value is None else value

    def __contains__(self, key: object) -> bool:
        return key in self._large or key in self._small

    def __iter__(self) -> Iterator[str]:
        yield from self._small
        yield from (key for key in self._large if key not in self._small)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _large_attribute(span: Span) -> Any:
    """A tensor stays where it is; anything else (a long list) is parsed."""
    for field in wire.fields(*span):
        if field.number == 8 and field.wire == wire.LENGTH:
            return TensorValue.at(Span(span.buffer, field.start, field.end))
    return attribute(parse("AttrValue", span.bytes()))
