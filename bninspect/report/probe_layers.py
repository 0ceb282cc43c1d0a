"""The layers of a probe as a table: own error with a bar, verdict, deployed error, a row for each layer.

Drawn line by line in the richest layout that leaves every name whole; names fold only in the leanest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment

from bninspect.report.names import common_scope, counted
from bninspect.report.probe_numbers import short
from bninspect.report.terminal import Prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from bninspect.probe.facts import Measured, Probe, ProbedLayer

STYLES = {
    "fine": "green",
    "note": "cyan",
    "warning": "yellow",
    "error": "bold red",
    "inconclusive": "dim",
    "-": "dim",
}
_FULL = 1.0
"""The score of a full bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_GAP = 2
_HANG = 1
_LAYOUTS = ((10, True, True), (10, True, False), (6, True, False), (4, False, False))
"""(width of the bar, with values, with the largest difference of the outputs), the richest first."""


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


class LayerTable:
    """The table, as wide as the console or, where it may grow, as the names ask for."""

    def __init__(self, layers: Sequence[ProbedLayer], *, grow: bool) -> None:
        self.layers = layers
        self.grow = grow

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        blocks = not options.ascii_only
        layouts = [_columns(self.layers, *layout, blocks=blocks) for layout in _LAYOUTS]
        columns = next((one for one in layouts if _width(one) <= console.width), layouts[-1])
        if self.grow:
            columns = next((one for one in layouts if _width(one) <= console.width), layouts[0])
        spare = max(0, _width(columns) - console.width) if not self.grow else 0
        widths = [max(8, columns[0].width - spare), *(column.width for column in columns[1:])]
        yield from _row(console, columns, [Cell(column.title, "bold") for column in columns], widths)
        yield Segment(("─" if blocks else "-") * (sum(widths) + _GAP * (len(widths) - 1)))
        yield Segment.line()
        for cells in zip(*(column.cells for column in columns), strict=True):
            yield from _row(console, columns, cells, widths)


def print_layers(console: Console, probe: Probe, *, grow: bool = False) -> None:
    """The table and what its columns mean."""
    console.print(LayerTable(probe.layers, grow=grow), crop=not grow)
    images = counted(max(one.images for one in probe.layers), "image")
    told = (
        f"Over {images}. own: how far stored statistics are from those of the images, in standard "
        "deviations, with every layer in training mode; deployed: with every layer in inference mode."
    )
    if any(_inherited(one) for one in probe.layers):
        told += " *: inherited from layers before it, its own is small."
    console.print(Prose(told, "dim"))


def _columns(
    layers: Sequence[ProbedLayer], bar: int, values: bool, difference: bool, *, blocks: bool
) -> list[Column]:
    """One layout."""
    names = [one.layer.name for one in layers]
    scope, tail = common_scope(names), _common_tail(names)
    where = f"{scope}...{tail}" if tail and scope else f"...{tail}" if tail else scope
    verdicts = [_verdict(one.own) for one in layers]
    bars = [
        Cell("" if verdict == "inconclusive" else _bar(_score(one.own), bar, blocks), STYLES[verdict])
        for one, verdict in zip(layers, verdicts, strict=True)
    ]
    columns = [
        Column(
            f"layer in {where}" if where else "layer",
            tuple(Cell(name[len(scope) : len(name) - len(tail)]) for name in names),
        ),
        Column("own", tuple(_own(one) for one in layers), right=True),
        Column("", tuple(bars)),
        Column("verdict", tuple(Cell(verdict, STYLES[verdict]) for verdict in verdicts)),
        Column("deployed", tuple(_deployed(one) for one in layers), right=True),
    ]
    if values:
        columns.append(Column("values", tuple(Cell(f"{one.values:,}") for one in layers), right=True))
    if difference:
        gaps = tuple(Cell(short(one.difference.max_abs) if one.difference else "-") for one in layers)
        columns.append(Column("max abs", gaps, right=True))
    return columns


def _common_tail(names: Sequence[str]) -> str:
    """The last part, with its `/`, that all names end in and none consists of; empty where there is none."""
    if len(names) < 2:
        return ""
    tail = f"/{names[0].rpartition('/')[2]}"
    least = len(common_scope(names)) + len(tail)
    return tail if all(name.endswith(tail) and len(name) > least for name in names) else ""


def _deployed(one: ProbedLayer) -> Cell:
    """The deployed score, marked where it is inherited; its style says how bad it is all the same."""
    if _verdict(one.deployed) == "inconclusive":
        return Cell("? ", "dim")
    mark = "*" if _inherited(one) else " "
    return Cell(f"{_number(_score(one.deployed))}{mark}", STYLES[_verdict(one.deployed)])


def _inherited(one: ProbedLayer) -> bool:
    return _verdict(one.deployed) in ("warning", "error") and _verdict(one.own) in ("fine", "note")


def _own(one: ProbedLayer) -> Cell:
    """The own score; `?` where the images do not tell."""
    return Cell("?", "dim") if _verdict(one.own) == "inconclusive" else Cell(_number(_score(one.own)))


def _score(measured: Measured | None) -> float | None:
    return None if measured is None or measured.staleness is None else measured.staleness.score


def _verdict(measured: Measured | None) -> str:
    return "-" if measured is None or measured.staleness is None else measured.staleness.verdict


def _number(score: float | None) -> str:
    """`0.02`, `12.3`, `165`."""
    if score is None:
        return "-"
    return f"{score:.2f}" if score < 9.995 else f"{score:.1f}" if score < 99.95 else short(score)


def _bar(score: float | None, width: int, blocks: bool) -> str:
    """The score as a bar, full from `_FULL` on; eighths of a block, or whole signs where there are none."""
    if score is None or not math.isfinite(score) or score <= 0:
        return ""
    share = min(score / _FULL, 1.0) * width
    if not blocks:
        return "#" * round(share)
    whole, eighths = divmod(round(share * 8), 8)
    return "█" * whole + (_EIGHTHS[eighths] if eighths else "")


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
