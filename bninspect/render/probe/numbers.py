"""Numbers of a probe as text: four significant digits, and grids of them aligned at the decimal point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_DIGITS = 4
_GAP = 2


def short(value: float) -> str:
    """The number in four significant digits, without an exponent where that stays short; `nan` and `inf`."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}"
    magnitude = math.floor(math.log10(abs(value)))
    if not -_DIGITS <= magnitude <= 6:
        return f"{value:.{_DIGITS - 1}e}"
    return f"{value:.{max(0, _DIGITS - 1 - magnitude)}f}"


def percent(share: float) -> str:
    """`50 %`, `99.5 %`."""
    return f"{100 * share:.4g} %"


def planes(array: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The array as tables of rows: ("", the table), or one for each place on the axes before the last two."""
    if array.ndim <= 2:
        yield "", array.reshape(1, -1) if array.ndim < 2 else array
        return
    for place in np.ndindex(*array.shape[:-2]):
        yield f"[{', '.join(map(str, place))}, :, :]", array[place]


def grid(table: NDArray[Any], width: int) -> list[list[str]]:
    """The rows of a table, right-aligned so that the decimal points stand below one another.

    One list of lines, or several where the table is wider than `width`: its columns go on in the next.
    """
    cells = [[_cell(value) for value in row] for row in table]
    before = max(len(cell.partition(".")[0]) for row in cells for cell in row)
    behind = max(len(cell) - len(cell.partition(".")[0]) for row in cells for cell in row)
    size = before + behind + _GAP
    columns = max(1, width // size)
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
