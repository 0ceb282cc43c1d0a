"""The numbers of a patch in both modes, side by side where they fit, aligned at the decimal point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bninspect.render.line import Line
from bninspect.text import short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bninspect.measure.facts import Patch
    from bninspect.render.line import Item, Room, Row, Tone

_MOST_NUMBERS = 4000
_BETWEEN = 4
"""Columns between the two modes of a patch."""
_GAP = 2
"""Columns between two numbers."""


def render_patch(patch: Patch) -> Iterator[Item]:
    """The tensor, the slice, and a table for each plane of it."""
    yield Line(f"{patch.tensor}[{patch.slice}]", "bold")
    if patch.training.size > _MOST_NUMBERS:
        yield Line(f"{patch.training.size:,} numbers in each mode: --format json or --save holds them all")
        return
    for (place, training), (_, inference) in zip(
        planes(patch.training), planes(patch.inference), strict=True
    ):
        if place:
            yield Line(place, "dim")
        yield _Plane(training, inference)


class _Plane(NamedTuple):
    """One table of both modes."""

    training: NDArray[Any]
    inference: NDArray[Any]

    def rows(self, room: Room) -> Iterator[Row]:
        """Both side by side, or the one below the other, as many columns at once as fit."""
        training, inference = grid(self.training, room.width), grid(self.inference, room.width)
        left, right = ("training", *training[0]), ("inference", *inference[0])
        start = max(map(len, left)) + _BETWEEN
        fits = room.width is None or start + max(map(len, right)) <= room.width
        if len(training) == len(inference) == 1 and fits:
            for one, other in zip(left, right, strict=True):
                yield _row(f"{one:<{start}}{other}", head=one is left[0])
            return
        for title, parts in (("training", training), ("inference", inference)):
            for index, lines in enumerate(parts):
                yield _row(title if index == 0 else f"{title}, further columns", head=True)
                yield from (_row(line) for line in lines)


def _row(text: str, *, head: bool = False) -> Row:
    tone: Tone = "dim" if head else "plain"
    return ((text.rstrip(), tone),)


def planes(array: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The array as tables of rows: ("", the table), or one for each place on the axes before the last two."""
    if array.ndim <= 2:
        yield "", array.reshape(1, -1) if array.ndim < 2 else array
        return
    for place in np.ndindex(*array.shape[:-2]):
        yield f"[{', '.join(map(str, place))}, :, :]", array[place]


def grid(table: NDArray[Any], width: int | None) -> list[list[str]]:
    """The rows of a table, right-aligned so that the decimal points stand below one another.

    One list of lines, or several where the table is wider than `width`: its columns go on in the next.
    """
    cells = [[_cell(value) for value in row] for row in table]
    before = max(len(cell.partition(".")[0]) for row in cells for cell in row)
    behind = max(len(cell) - len(cell.partition(".")[0]) for row in cells for cell in row)
    size = before + behind + _GAP
    columns = table.shape[1] if width is None else max(1, width // size)
    return [
        ["".join(_aligned(cell, before, behind) for cell in row[start : start + columns]) for row in cells]
        for start in range(0, table.shape[1], columns)
    ]


def _cell(value: Any) -> str:
    """One value: whole numbers and booleans as they are, the others short."""
    if isinstance(value, np.bool_ | np.integer):
        return str(value)
    return short(float(value))


def _aligned(cell: str, before: int, behind: int) -> str:
    """The cell with its decimal point at a fixed place."""
    head, _, _ = cell.partition(".")
    return " " * _GAP + head.rjust(before) + cell[len(head) :].ljust(behind)
