"""A table with a row for each layer, in the richest layout that leaves every name whole.

Names fold only in the leanest. Drawn line by line: a model may have ten thousand layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment

from bninspect.render.prose import Prose
from bninspect.text import common_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

_GAP = 2
_HANG = 1
_LEAST = 8
"""A column of names is no narrower."""


class Cell(NamedTuple):
    """What stands in one row of one column."""

    text: str
    style: str = ""


class Column(NamedTuple):
    """A title and a cell for each layer."""

    title: str
    cells: tuple[Cell, ...]
    right: bool = False

    @property
    def width(self) -> int:
        """The widest of its texts."""
        return max(cell_len(text) for text in (self.title, *(cell.text for cell in self.cells)))


def name_column(names: Sequence[str]) -> Column:
    """The layers by name, without the scope and the last part that all have in common."""
    scope, tail = common_scope(names), _common_tail(names)
    where = f"{scope}...{tail}" if tail and scope else f"...{tail}" if tail else scope
    cells = tuple(Cell(name[len(scope) : len(name) - len(tail)]) for name in names)
    return Column(f"layer in {where}" if where else "layer", cells)


def _common_tail(names: Sequence[str]) -> str:
    """The last part, with its `/`, that all names end in and none consists of; empty where there is none."""
    if len(names) < 2:
        return ""
    tail = f"/{names[0].rpartition('/')[2]}"
    least = len(common_scope(names)) + len(tail)
    return tail if all(name.endswith(tail) and len(name) > least for name in names) else ""


class RowTable:
    """The table, as wide as the console or, where it may grow, as the names ask for."""

    def __init__(self, layouts: Callable[[bool], Sequence[Sequence[Column]]], *, grow: bool) -> None:
        """`layouts` gives the layouts, the richest first; it is told whether blocks can be drawn."""
        self.layouts = layouts
        self.grow = grow

    def shown(self, width: int, blocks: bool) -> Sequence[Column]:
        """The columns that are drawn where there is so much room: of the richest layout that fits."""
        layouts = self.layouts(blocks)
        last = layouts[0] if self.grow else layouts[-1]
        return next((one for one in layouts if _width(one) <= width), last)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        blocks = not options.ascii_only
        columns = self.shown(console.width, blocks)
        spare = max(0, _width(columns) - console.width) if not self.grow else 0
        widths = [max(_LEAST, columns[0].width - spare), *(column.width for column in columns[1:])]
        yield from _row(console, columns, [Cell(column.title, "bold") for column in columns], widths)
        yield Segment(("─" if blocks else "-") * (sum(widths) + _GAP * (len(widths) - 1)))
        yield Segment.line()
        for cells in zip(*(column.cells for column in columns), strict=True):
            yield from _row(console, columns, cells, widths)


def _width(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + _GAP * (len(columns) - 1)


def _row(
    console: Console, columns: Sequence[Column], cells: Sequence[Cell], widths: Sequence[int]
) -> Iterator[Segment]:
    """One row: the name folds, the other cells stand on its first line."""
    pieces = Prose(cells[0].text, hang=_HANG).pieces(widths[0])
    for line, piece in enumerate(pieces):
        yield Segment(piece, console.get_style(cells[0].style))
        at = cell_len(piece)
        start = widths[0] + _GAP
        for column, cell, width in list(zip(columns, cells, widths, strict=True))[1:] if line == 0 else ():
            if cell.text.strip():
                right = width - cell_len(cell.text) if column.right else 0
                yield Segment(" " * (start + right - at))
                yield Segment(cell.text.rstrip(), console.get_style(cell.style))
                at = start + right + cell_len(cell.text.rstrip())
            start += width + _GAP
        yield Segment.line()
