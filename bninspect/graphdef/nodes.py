"""Nodes: their bytes -> records, and their attributes when they are asked for. Large tensors are stepped
over.

Small nodes side by side are read and parsed at once, and their bytes kept: to ask for them one by one costs
more than to parse them. The name of an op is one string for all its nodes, so that to find it in a set of ops
is to find an object, and no letters are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import pack, unpack_from
from sys import intern
from typing import Any, NamedTuple

from bninspect.graphdef import wire
from bninspect.graphdef.attributes import attribute
from bninspect.graphdef.records import NodeDef
from bninspect.graphdef.tensors import TensorValue, parse
from bninspect.graphdef.wire import Buffer, Field, Span

_SMALL = 1024
"""Nodes up to this many bytes are parsed whole; of larger ones only what is not a large attribute."""
_LARGE_ATTRIBUTE = 1024
_RUN = 1 << 14
"""Bytes of small nodes that are parsed at once."""
_NODES = {"GraphDef": ("node", 1), "FunctionDef": ("node_def", 3)}
"""Message -> its field of nodes, and the number of it."""


class NodeReader:
    """The nodes of one message, and all else that is in it."""

    def __init__(self, span: Span, message: str) -> None:
        """`message` is what lies at this place, a GraphDef or a FunctionDef."""
        self._span = span
        self._message = message
        self._field, self._number = _NODES[message]
        self._nodes: list[NodeDef] = []

    def others(self) -> Iterator[Field]:
        """The fields that are no nodes, in order; the nodes among them are read.

        Raises GraphDefError where a field or a node is damaged.
        """
        buffer, position, end = self._span
        while position < end:
            for field in wire.fields(buffer, position, end):
                position = field.end
                if field.number != self._number or field.wire != wire.LENGTH:
                    yield field
                elif field.end - field.start > _SMALL:
                    self._nodes.append(_large_node(Span(buffer, field.start, field.end)))
                else:
                    position = self._read_small(field)
                    break

    def nodes(self) -> tuple[NodeDef, ...]:
        """Those that were read, in order."""
        return tuple(self._nodes)

    def _read_small(self, first: Field) -> int:
        """Reads a small node and those that stand right behind it, as many as are parsed at once; where the
        last of them ends.
        """
        buffer, _, end = self._span
        begin = first.begin
        base, window = wire.window(buffer, begin)
        data = window[begin - base : min(end, begin + _RUN) - base]
        places = [first.start - begin, first.end - begin]
        places += wire.alike(data, first.end - begin, len(data), self._number, _SMALL)
        data = data[: places[-1]]
        run = _Run(buffer, begin, data, pack(f"{len(places)}H", *places))
        messages = getattr(parse(self._message, data, "NodeDef"), self._field)
        self._nodes += [
            NodeDef(message.name, intern(message.op), tuple(message.input[:]), run, number)
            for message, number in zip(messages, range(len(places) // 2), strict=True)
        ]
        return begin + places[-1]


class _Run(NamedTuple):
    """Small nodes side by side: the file is asked for them once."""

    buffer: Buffer
    begin: int
    data: bytes
    places: bytes
    """Of each where it begins and ends in `data`, as numbers of 16 bits."""

    def span(self, number: int) -> Span:
        """As `Kept.span`."""
        start, end = unpack_from("2H", self.places, 4 * number)
        return Span(self.buffer, self.begin + start, self.begin + end)

    def attributes(self, number: int) -> Mapping[str, Any]:
        """As `Kept.attributes`."""
        return _Attributes(self._messages(number), {})

    def attribute(self, number: int, name: str) -> Any:
        """As `Kept.attribute`."""
        message = self._messages(number).get(name)
        return None if message is None else attribute(message)

    def _messages(self, number: int) -> Any:
        """The map of a node's attributes, as protobuf has it."""
        start, end = unpack_from("2H", self.places, 4 * number)
        return parse("NodeDef", self.data[start:end]).attr


class Alone(NamedTuple):
    """One node, wherever its bytes lie."""

    place: Span

    def span(self, _number: int) -> Span:
        """As `Kept.span`."""
        return self.place

    def attributes(self, _number: int) -> Mapping[str, Any]:
        """As `Kept.attributes`."""
        data, large = _without_large(self.place)
        return _Attributes(parse("NodeDef", data).attr, large)

    def attribute(self, number: int, name: str) -> Any:
        """As `Kept.attribute`."""
        return self.attributes(number).get(name)


def _large_node(span: Span) -> NodeDef:
    """A node of which only the head is parsed."""
    message = parse("NodeDef", _without_large(span)[0])
    return NodeDef(message.name, intern(message.op), tuple(message.input[:]), Alone(span))


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


class _Attributes(Mapping[str, Any]):
    """The attributes of one node, each made a Python value when it is asked for."""

    __slots__ = ("_large", "_small", "_values")

    def __init__(self, small: Any, large: Mapping[str, Span]) -> None:
        """`small` are the messages of attributes, `large` says where those lie that were stepped over."""
        self._small = small
        self._large = large
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        self.get(key)
        return self._values[key]

    def get(self, key: str, default: Any = None) -> Any:
        """As of any mapping, and the default for an attribute without a value, too."""
        values = self._values
        if key in values:
            value = values[key]
        elif key in self._large:
            value = values[key] = _large_attribute(self._large[key])
        elif key in self._small:
            value = values[key] = attribute(self._small[key])
        else:
            return default
        return default if value is None else value

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
