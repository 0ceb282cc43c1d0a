"""What moved between two files, on a terminal: a row for each layer, and what is to be said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.comparison.comparison import Trains, Verdict
from bninspect.render.check.terminal import print_lines
from bninspect.render.columns import Cell, Column, RowTable, name_column
from bninspect.render.diff.text import head, legend, notes, told_of
from bninspect.render.probe.numbers import short
from bninspect.render.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bninspect.batchnorm.comparison.change import StatisticsChange, TensorChange
    from bninspect.batchnorm.comparison.comparison import LayerMove
    from bninspect.commands.diff.pair import PairResult

_STYLES = {
    Verdict.BOTH: "green",
    Verdict.NOTHING: "dim",
    Verdict.UNREAD: "yellow",
    Verdict.WEIGHTS_UNREAD: "yellow",
}
_TRAINS = {Trains.BATCH: "batch", Trains.STORED: "stored", Trains.FED: "switch", Trains.UNKNOWN: "?"}
_MOVED = {
    Verdict.STALE: "weights only",
    Verdict.STATISTICS: "statistics only",
    Verdict.BOTH: "both",
    Verdict.NOTHING: "nothing",
}
"""The verdict in short, where the whole would leave no room."""
_WITHOUT: tuple[tuple[str, ...], ...] = (
    ("moved",),
    ("moved", "max abs", "trains on"),
    ("verdict",),
    ("verdict", "max abs", "trains on"),
    ("verdict", "max abs", "trains on", "gamma", "beta"),
)
"""Columns that each layout leaves out, the richest first."""


def print_diff(console: Console, result: PairResult, *, grow: bool = False) -> None:
    """All that moved. The table may `grow` beyond the console rather than fold a name."""
    print_lines(console, head(result))
    console.print()
    columns = _columns(result.comparison.layers, {one.finding.layer for one in result.judged.found})

    def layouts(blocks: bool) -> list[list[Column]]:
        return [[column for column in columns if column.title not in titles] for titles in _WITHOUT]

    table = RowTable(layouts, grow=grow)
    console.print(table, crop=not grow)
    shown = table.shown(console.width, not console.options.ascii_only)
    console.print(Prose(legend([column.title for column in shown]), "dim"))
    for told in (list(told_of(result)), list(notes(result))):
        if told:
            console.print()
            print_lines(console, told)


def _columns(moves: Sequence[LayerMove], found: set[str | None]) -> list[Column]:
    return [
        name_column([move.name for move in moves]),
        Column("weights", tuple(_relative(move.weights) for move in moves), right=True),
        Column("gamma", tuple(_relative(move.gamma) for move in moves), right=True),
        Column("beta", tuple(_relative(move.beta) for move in moves), right=True),
        Column("statistics", tuple(_w(move.statistics) for move in moves), right=True),
        Column("max abs", tuple(_max_abs(move.statistics) for move in moves), right=True),
        Column("trains on", tuple(Cell(_TRAINS[move.trains]) for move in moves)),
        Column("verdict", tuple(Cell(move.verdict.value, _style(move, found)) for move in moves)),
        Column("moved", tuple(Cell(_MOVED.get(move.verdict, "?"), _style(move, found)) for move in moves)),
    ]


def _style(move: LayerMove, found: set[str | None]) -> str:
    return "bold red" if move.name in found else _STYLES.get(move.verdict, "")


def _relative(change: TensorChange | None) -> Cell:
    if change is None:
        return Cell("-", "dim")
    return Cell("?", "yellow") if change.relative is None else Cell(short(change.relative))


def _w(change: StatisticsChange) -> Cell:
    """The root mean square of W; `nan` where no channel has one."""
    if change.moved is None:
        return Cell("?", "yellow")
    return Cell("nan", "bold red") if change.rms_w is None else Cell(short(change.rms_w))


def _max_abs(change: StatisticsChange) -> Cell:
    """The largest change of a moving mean or variance."""
    if change.max_abs_mean is None or change.max_abs_variance is None:
        return Cell("?", "yellow")
    gaps = (change.max_abs_mean, change.max_abs_variance)
    return Cell(short(max(gaps) if gaps[0] == gaps[0] and gaps[1] == gaps[1] else float("nan")))
