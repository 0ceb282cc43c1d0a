"""Snappy blocks unpacked: checkpoints of the first format (V1) are written in them.

Source: format_description.txt of google/snappy. Only unpacking, in memory bounded by the block: a copy of at
most 64 bytes takes at least two.
"""

from __future__ import annotations

from bninspect.errors import GraphDefError
from bninspect.graphdef import wire

_MOST_GAINED = 64
"""No block unpacks to more than this many times its size."""


def decompressed(data: bytes) -> bytes:
    """The bytes of one block. Raises GraphDefError where it is damaged."""
    size, position = wire.varint(data, 0, len(data))
    if size > _MOST_GAINED * len(data):
        raise GraphDefError(f"damaged: {len(data)} bytes that claim to unpack to {size}")
    out = bytearray()
    while position < len(data):
        kind = data[position] & 3
        if kind == 0:
            start, length = _literal(data, position)
            position = start + length
            out += data[start:position]
        else:
            length, back, position = _copy(data, position)
            _repeat(out, back, length)
        if position > len(data) or len(out) > size:
            raise GraphDefError("damaged: a packed block that runs over its end")
    if len(out) != size:
        raise GraphDefError(f"damaged: a packed block of {len(out)} bytes that claims {size}")
    return bytes(out)


def _literal(data: bytes, position: int) -> tuple[int, int]:
    """(start, length) of bytes that stand as they are."""
    length = data[position] >> 2
    position += 1
    if length < 60:
        return position, length + 1
    more = length - 59
    return position + more, int.from_bytes(data[position : position + more], "little") + 1


def _copy(data: bytes, position: int) -> tuple[int, int, int]:
    """(length, how far back, position behind) of a copy of bytes that came before."""
    tag = data[position]
    if tag & 3 == 1:
        back = (tag >> 5) << 8 | int.from_bytes(data[position + 1 : position + 2], "little")
        return (tag >> 2 & 7) + 4, back, position + 2
    more = 2 if tag & 3 == 2 else 4
    back = int.from_bytes(data[position + 1 : position + 1 + more], "little")
    return (tag >> 2) + 1, back, position + 1 + more


def _repeat(out: bytearray, back: int, length: int) -> None:
    """`length` bytes from `back` bytes before the end; those that the copy itself writes count."""
    if not 0 < back <= len(out):
        raise GraphDefError("damaged: a packed block that copies from before its start")
    start = len(out) - back
    while length > 0:
        part = out[start : start + length]
        out += part
        length -= len(part)
