"""Sorted tables of keys and values, the container of both checkpoint formats.

The format of LevelDB's table, which TensorFlow writes with its own magic-compatible code. Source:
tensorflow/tsl/lib/io (format.cc, block.cc, table.cc) and doc/table_format.md of LevelDB.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from bninspect.checksum import masked_crc32c
from bninspect.errors import GraphDefError
from bninspect.graphdef import Span, wire
from bninspect.models.checkpoint import MAGIC
from bninspect.models.checkpoint.snappy import decompressed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graphdef.wire import Buffer

_FOOTER = 48
_TRAILER = 5
"""Behind a block: its kind (0 as it is, 1 snappy) and its checksum."""
_CHECKED = 1 << 20
"""Blocks up to here are checked against their checksum; a longer one is one large tensor."""


class TableEntry(NamedTuple):
    """One key and where its value lies."""

    key: bytes
    value: Span


class SortedTable:
    """One file of keys and values."""

    def __init__(self, buffer: Buffer) -> None:
        """Raises GraphDefError for anything that does not end as a table does."""
        size = len(buffer)
        if size < _FOOTER or bytes(buffer[size - 8 : size]) != MAGIC:
            raise GraphDefError("no checkpoint, or cut short: it does not end as one does")
        self._buffer = buffer
        _, _, position = self._handle(Span(buffer, size - _FOOTER, size - 8))
        offset, length, _ = self._handle(Span(buffer, position, size - 8))
        self._index = [(entry.key, self._handle(entry.value)[:2]) for entry in self._entries(offset, length)]

    def __iter__(self) -> Iterator[TableEntry]:
        """Every entry, in the order of the keys."""
        for _, (offset, length) in self._index:
            yield from self._entries(offset, length)

    def get(self, key: bytes) -> Span | None:
        """Where the value of a key lies; None where the table does not hold the key."""
        at = bisect_left(self._last_keys, key)
        if at == len(self._index):
            return None
        found = (entry.value for entry in self._entries(*self._index[at][1]) if entry.key == key)
        return next(found, None)

    @cached_property
    def _last_keys(self) -> list[bytes]:
        """Per block a key that none of its keys is behind."""
        return [key for key, _ in self._index]

    def _handle(self, span: Span) -> tuple[int, int, int]:
        """(offset, size) of a block, and the position behind the two numbers."""
        offset, position = wire.varint(span.buffer, span.start, span.end)
        size, position = wire.varint(span.buffer, position, span.end)
        return offset, size, position

    def _entries(self, offset: int, size: int) -> Iterator[TableEntry]:
        """The entries of one block: each key as what it shares with the one before, and the rest."""
        block = self._block(offset, size)
        if block.end - block.start < 4:
            raise GraphDefError("damaged: a block without an end")
        restarts = int.from_bytes(block.buffer[block.end - 4 : block.end], "little")
        position, end = block.start, block.end - 4 * (restarts + 1)
        key = b""
        while position < end:
            shared, position = wire.varint(block.buffer, position, end)
            rest, position = wire.varint(block.buffer, position, end)
            length, position = wire.varint(block.buffer, position, end)
            start = position + rest
            if shared > len(key) or start + length > end:
                raise GraphDefError(f"damaged: the entry at byte {position} runs over its block")
            key = key[:shared] + bytes(block.buffer[position:start])
            position = start + length
            yield TableEntry(key, Span(block.buffer, start, position))

    def _block(self, offset: int, size: int) -> Span:
        """The contents of a block."""
        end = offset + size
        if end + _TRAILER > len(self._buffer):
            raise GraphDefError(f"cut short: a block runs to byte {end + _TRAILER} of {len(self._buffer)}")
        kind, *checksum = bytes(self._buffer[end : end + _TRAILER])
        block = Span(self._buffer, offset, end)
        if size <= _CHECKED:
            held = bytes(self._buffer[offset : end + 1])
            if masked_crc32c(held) != int.from_bytes(checksum, "little"):
                raise GraphDefError(f"damaged: the block at byte {offset} does not match its checksum")
            block = Span(held, 0, size)
        if kind == 0:
            return block
        if kind != 1:
            raise GraphDefError(f"damaged: a block of the unknown kind {kind}")
        data = decompressed(block.bytes())
        return Span(data, 0, len(data))
