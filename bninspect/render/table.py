"""A table, in the richest layout that leaves every name whole; names fold only in the leanest.

Drawn row by row: a model may have ten thousand layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from bninspect.escaping import printable
from bninspect.render.line import pieces
from bninspect.text import common_scope, common_tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.render.line import Room, Row, Tone

_GAP = 2
_HANG = 1
_LEAST = 8
"""A column that folds is no narrower."""


class Cell(NamedTuple):
    """What stands in one row of one column."""

    text: str
    tone: Tone = "plain"
    ascii: str | None = None
    """What stands there where blocks cannot be shown; None: the text."""


class Column(NamedTuple):
    """A title, and a cell for each row."""

    title: str
    cells: tuple[Cell, ...]
    right: bool = False
    """Whether it is a column of numbers, which end below one another."""
    folds: bool = False
    """Whether it holds names, which give way where there is little room."""


def name_column(names: Sequence[str]) -> Column:
    """The layers by name, without the scope and the last part that all have in common."""
    scope, tail = common_scope(names), common_tail(names)
    where = f"{scope}...{tail}" if tail and scope else f"...{tail}" if tail else scope
    cells = tuple(Cell(name[len(scope) : len(name) - len(tail)]) for name in names)
    return Column(f"layer in {where}" if where else "layer", cells, folds=True)


class Table:
    """Columns in one of several layouts, under their titles."""

    def __init__(self, *layouts: Sequence[Column], titled: bool = True, indent: int = 0) -> None:
        """`layouts` are ways to show the same rows, the richest first; `titled`: whether there is a head."""
        self.layouts = layouts
        self.titled = titled
        self.indent = indent

    @classmethod
    def without(cls, names: Column, columns: Sequence[Column], left_out: Sequence[Sequence[str]]) -> Table:
        """The names, and the columns whose titles a layout does not leave out, the richest layout first."""
        return cls(*([names, *(one for one in columns if one.title not in titles)] for titles in left_out))

    def shown(self, room: Room) -> Sequence[Column]:
        """The columns that are drawn in so much room: of the richest layout that fits, else the leanest."""
        if room.width is None:
            return self.layouts[0]
        width = room.width - self.indent
        fitting = (layout for layout in self.layouts if _sum(self._widths(layout)) <= width)
        return next(fitting, self.layouts[-1])

    def rows(self, room: Room) -> Iterator[Row]:
        """The titles, a rule, and the rows."""
        columns = self.shown(room)
        widths = self._widths(columns)
        if room.width is not None:
            widths = _fitted(columns, widths, room.width - self.indent)
        if self.titled:
            yield from self._row(columns, [Cell(column.title, "bold") for column in columns], widths, room)
            yield ((" " * self.indent + ("─" if room.blocks else "-") * _sum(widths), "plain"),)
        for cells in zip(*(column.cells for column in columns), strict=True):
            yield from self._row(columns, cells, widths, room)

    def _widths(self, columns: Sequence[Column]) -> list[int]:
        """The width of each column at which nothing in it folds."""
        heads = [[column.title] if self.titled else [] for column in columns]
        return [
            max(
                (cell_len(printable(text)) for text in (*head, *(cell.text for cell in column.cells))),
                default=0,
            )
            for head, column in zip(heads, columns, strict=True)
        ]

    def _row(
        self, columns: Sequence[Column], cells: Sequence[Cell], widths: Sequence[int], room: Room
    ) -> Iterator[Row]:
        """As many lines as the cell that folds most."""
        texts = [cell.text if room.blocks or cell.ascii is None else cell.ascii for cell in cells]
        folded = [
            pieces(text, width if column.folds else None, _HANG)
            for text, width, column in zip(texts, widths, columns, strict=True)
        ]
        for line in range(max(map(len, folded))):
            row: list[tuple[str, Tone]] = []
            start, at = self.indent, 0
            for column, cell, lines, width in zip(columns, cells, folded, widths, strict=True):
                piece = lines[line] if line < len(lines) else ""
                if piece.strip():
                    right = width - cell_len(piece) if column.right else 0
                    row += [(" " * (start + right - at), "plain"), (piece.rstrip(), cell.tone)]
                    at = start + right + cell_len(piece.rstrip())
                start += width + _GAP
            yield tuple(row)


def _sum(widths: Sequence[int]) -> int:
    """The width of a table of such columns: two spaces stand between them."""
    return sum(widths) + _GAP * (len(widths) - 1)


def _fitted(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Widths that fill at most the room, if that can be: of the columns that fold the widest gives way."""
    fitted = list(widths)
    folding = [index for index, column in enumerate(columns) if column.folds]
    while folding and _sum(fitted) > room:
        widest = max(folding, key=lambda index: fitted[index])
        if fitted[widest] <= _LEAST:
            break
        fitted[widest] -= 1
    return fitted
