"""The protobuf wire format, walked in place: which field stands where, without reading what it holds.

Source: protobuf.dev/programming-guides/encoding. Only this walk lets a file with gigabytes of weights be read
at the cost of its nodes: the weights are stepped over.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from bninspect.errors import GraphDefError
from bninspect.graphdef.source import FileBytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

Buffer = bytes | FileBytes

_LONGEST_HEAD = 20
"""Bytes of a tag and the number behind it."""
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class Span(NamedTuple):
    """A range of bytes in the file (or in the bytes a text file was turned into)."""

    buffer: Buffer
    start: int
    end: int

    def bytes(self) -> bytes:
        """A copy of the range."""
        return bytes(self.buffer[self.start : self.end])

    def chunks(self) -> Iterator[Any]:
        """The range in pieces that are no copies, or copies of a megabyte each."""
        if isinstance(self.buffer, FileBytes):
            yield from self.buffer.chunks(self.start, self.end)
        else:
            yield memoryview(self.buffer)[self.start : self.end]

    def write(self, target: BinaryIO) -> int:
        """Writes the range to a stream; the number of bytes. Raises OSError."""
        if isinstance(self.buffer, FileBytes):
            self.buffer.copy(self.start, self.end, target)
        else:
            target.write(memoryview(self.buffer)[self.start : self.end])
        return self.end - self.start


class Field(NamedTuple):
    """One field: its number, its wire type, and where it lies."""

    number: int
    wire: int
    begin: int
    """Where its tag starts."""
    start: int
    """Where its value starts (behind the length, for a length-delimited one)."""
    end: int
    value: int
    """The value of a varint; 0 for the others."""


_field = partial(tuple.__new__, Field)
"""Field of its six values, in half the time: a file has a field a node."""


def varint(buffer: Buffer, position: int, end: int) -> tuple[int, int]:
    """(value, position behind it). Raises GraphDefError where it runs over the end or over ten bytes."""
    base, here = window(buffer, position)
    return _varint(here, base, position, end)


def window(buffer: Buffer, position: int) -> tuple[int, bytes]:
    """(where it begins, its bytes) of a part of the file that holds this position: see `FileBytes.window`."""
    return buffer.window(position) if isinstance(buffer, FileBytes) else (0, buffer)


def _varint(window: bytes, base: int, position: int, end: int) -> tuple[int, int]:
    """As `varint`, in a window that begins at `base`."""
    value = shift = 0
    while position < end and shift < 70:
        byte = window[position - base]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise GraphDefError(f"damaged: a number at byte {position} does not end")


def to_varint(value: int) -> bytes:
    """The number in base 128, the least significant part first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(buffer: Buffer, start: int, end: int) -> Iterator[Field]:
    """The fields of the message in buffer[start:end], in order. Raises GraphDefError off the rails."""
    if not isinstance(buffer, FileBytes):
        return _fields(buffer, 0, start, end, end)
    return _in_windows(buffer, start, end)


def _in_windows(buffer: FileBytes, start: int, end: int) -> Iterator[Field]:
    """The fields of a message in a file: no more of it is read than the windows in which they begin."""
    while start < end:
        base, window = buffer.window(start)
        last = base + len(window)
        for field in _fields(window, base, start, end if last >= end else last - _LONGEST_HEAD, end):
            yield field
            start = field.end


def _fields(window: bytes, base: int, position: int, last: int, end: int) -> Iterator[Field]:
    """The fields that begin before `last`, of a message that ends at `end`; the window begins at `base`."""
    while position < last:
        begin = position
        tag = window[position - base]
        position += 1
        if tag >= 0x80:
            tag, position = _varint(window, base, begin, end)
        number, wire = tag >> 3, tag & 7
        value = 0
        if wire == LENGTH:
            if position < last and (length := window[position - base]) < 0x80:
                position += 1  # as of most nodes
            else:
                length, position = _varint(window, base, position, end)
            stop = position + length
        elif wire == VARINT:
            value, stop = _varint(window, base, position, end)
        elif wire == FIXED32:
            stop = position + 4
        elif wire == FIXED64:
            stop = position + 8
        else:
            raise GraphDefError(f"damaged: byte {begin} starts no field (wire type {wire})")
        if stop > end or number == 0:
            what = "cut short" if number else "damaged"
            raise GraphDefError(f"{what}: the field at byte {begin} runs to byte {stop} of {end}")
        yield _field((number, wire, begin, position, stop, value))
        position = stop


def alike(window: bytes, position: int, last: int, number: int, most: int) -> list[int]:
    """Where the values of the fields that follow one another from here on start and end, by turns, up to
    `last`: of those with this number (below 16) that are length-delimited, of `most` bytes (below 16384).
    What `fields` finds, in a third of the time, as far as it is that.
    """
    places: list[int] = []
    tag = number << 3 | LENGTH
    last = min(last, len(window))
    while position + 2 < last and window[position] == tag:
        length = window[position + 1]
        start = position + 2
        if length >= 0x80:
            length += (window[start] << 7) - 0x80
            start += 1
        position = start + length
        if length > most or position > last:
            break
        places += (start, position)
    return places
