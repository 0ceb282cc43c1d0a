"""The bytes of a file, read in windows where they are asked for.

Not mapped into memory: a page of a map that the file no longer has, because somebody cut it short while it
was read, ends the process with a signal that no Python code can handle. A read that gives less than the file
had when it was opened is an ordinary error. What is not asked for is not read, so that weights cost nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bninspect.errors import CutShortError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_WINDOW = 1 << 15
_CHUNK = 1 << 20
"""Of a range that is copied: as much as stays in the cache of the processor between reading and writing."""


class FileBytes:
    """A file as a sequence of bytes. Every slice is a copy.

    Raises CutShortError where the file turns out to be shorter than it was, OSError where it cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        """Raises OSError."""
        self._cached: tuple[int, bytes] = (0, b"")
        """Where the last window starts, and what is in it: one value, so that threads see both or neither."""
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._size = os.fstat(self._descriptor).st_size

    def __del__(self) -> None:
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is not None:
            os.close(descriptor)

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return self._read(0, self._size)

    def __getitem__(self, place: slice) -> bytes:
        start, stop, _ = place.indices(self._size)
        base, held = self._cached
        if base <= start and stop <= base + len(held):
            return held[start - base : stop - base]
        return self._read(start, max(start, stop))

    def window(self, start: int) -> tuple[int, bytes]:
        """(where it begins, its bytes): `start` is in it, and half a window or the rest of the file."""
        base, held = self._cached
        room = base + len(held) - start
        if start < base or room < min(_WINDOW // 2, self._size - start):
            base, held = start, self._read(start, min(start + _WINDOW, self._size))
            self._cached = base, held
        return base, held

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """The range in pieces of a megabyte."""
        for begin in range(start, stop, _CHUNK):
            yield self._read(begin, min(begin + _CHUNK, stop))

    def copy(self, start: int, stop: int, target: BinaryIO) -> None:
        """Writes the range to a stream, through one buffer however long it is.

        Not with os.copy_file_range: a rewritten graph moves what it keeps, and between places that differ
        within a page of memory the system copies at 0.6 of this speed. Nor in fresh pieces of memory, which
        cost as much to get as to fill.
        """
        if stop - start <= _WINDOW // 2 or not hasattr(os, "preadv"):
            for chunk in self.chunks(start, stop):
                target.write(chunk)
            return
        buffer = memoryview(bytearray(min(_CHUNK, stop - start)))
        while start < stop:
            size = os.preadv(self._descriptor, [buffer[: stop - start]], start)
            if not size:
                raise self._cut_short(start)
            target.write(buffer[:size])
            start += size

    def _read(self, start: int, stop: int) -> bytes:
        """The range, whole."""
        data = _at(self._descriptor, stop - start, start)
        if len(data) == stop - start:
            return data
        parts = [data]
        while data and (start := start + len(data)) < stop:  # a read may give less at a time
            data = _at(self._descriptor, stop - start, start)
            parts.append(data)
        if start < stop:
            raise self._cut_short(start)
        return b"".join(parts)

    def _cut_short(self, size: int) -> CutShortError:
        """The error of a file that has only this many bytes left."""
        return CutShortError(f"cut short while it was read: it had {self._size:,} bytes, and has {size:,}")


def _at(descriptor: int, size: int, start: int) -> bytes:
    """At most `size` bytes of the file from `start` on."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, start)
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, size)
