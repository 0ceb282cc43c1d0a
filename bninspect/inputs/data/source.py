"""What every kind of data set is to those who feed it: numbered elements, each of one value or of several.

An element is made when it is asked for, so that a million of them cost the memory of one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bninspect.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Value = bytes | NDArray[Any]

ALONE = ""
"""The field of an element that is one value without a name."""
_CHANNELS = (1, 3, 4)
_MOST_OPEN = 8
"""Files that are open at a time, however many there are."""


class Source(Protocol):
    """Elements 0 to `count` - 1."""

    fields: tuple[str, ...]
    """The names of the values of each element; ALONE: one value without a name."""
    count: int

    def name(self, index: int) -> str:
        """What reports and messages call the element."""
        ...

    def values(self, index: int) -> Mapping[str, Value]:
        """Field -> an encoded file or text, or an array: the row of this element. Raises InputError."""
        ...

    def release(self) -> None:
        """Closes the file and forgets what was read of it, until an element is asked for."""
        ...


class Joined:
    """Sources one behind the other, as one: all have the same fields. Raises InputError if they have not."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self.fields = self._sources[0].fields
        for source in self._sources[1:]:
            if set(source.fields) != set(self.fields):
                raise InputError(
                    f"--data: {source.name(0)} holds {_listed(source.fields)}, and "
                    f"{self._sources[0].name(0)} holds {_listed(self.fields)}: give data of one kind"
                )
        self._ends = np.cumsum([source.count for source in self._sources])
        self.count = int(self._ends[-1])
        self._open: dict[int, Source] = {}

    def name(self, index: int) -> str:
        source, own = self._place(index)
        return source.name(own)

    def values(self, index: int) -> Mapping[str, Value]:
        source, own = self._place(index)
        self._open.pop(id(source), None)
        self._open[id(source)] = source  # the last one asked stands last
        if len(self._open) > _MOST_OPEN:
            self._open.pop(next(iter(self._open))).release()
        return source.values(own)

    def release(self) -> None:
        while self._open:
            self._open.popitem()[1].release()

    def _place(self, index: int) -> tuple[Source, int]:
        """The source of an element, and its number in it."""
        which = int(np.searchsorted(self._ends, index, side="right"))
        return self._sources[which], index - (int(self._ends[which - 1]) if which else 0)


class Ordered:
    """Elements of a source in another order, or some of them."""

    def __init__(self, source: Source, order: Sequence[int]) -> None:
        self._source = source
        self._order = order
        self.fields = source.fields
        self.count = len(order)

    def name(self, index: int) -> str:
        return self._source.name(int(self._order[index]))

    def values(self, index: int) -> Mapping[str, Value]:
        return self._source.values(int(self._order[index]))

    def release(self) -> None:
        self._source.release()


def is_image(value: Value) -> bool:
    """Whether the value is an encoded file, or the pixels of an image: uint8, (height, width, 1, 3 or 4)."""
    if isinstance(value, bytes):
        return True
    return value.dtype == np.uint8 and value.ndim == 3 and value.shape[-1] in _CHANNELS


def _listed(fields: Sequence[str]) -> str:
    return ", ".join(field or "one value without a name" for field in fields)
