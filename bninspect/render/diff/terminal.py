"""What moved between two files, on a terminal: a row for each layer, and what is to be said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.comparison.comparison import Trains, Verdict
from bninspect.render.diff.text import head, legend, notes, told_of
from bninspect.render.line import Line
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.text import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.comparison.change import StatisticsChange, TensorChange
    from bninspect.batchnorm.comparison.comparison import LayerMove
    from bninspect.commands.diff.pair import PairResult
    from bninspect.render.line import Item, Room, Row, Tone

_TONES: dict[Verdict, Tone] = {
    Verdict.BOTH: "good",
    Verdict.NOTHING: "dim",
    Verdict.UNREAD: "warning",
    Verdict.WEIGHTS_UNREAD: "warning",
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


def render_diff(result: PairResult) -> Iterator[Item]:
    """All that moved."""
    yield from head(result)
    yield Line()
    columns = _columns(result.comparison.layers, {one.finding.layer for one in result.judged.found})
    table = Table(*([column for column in columns if column.title not in titles] for titles in _WITHOUT))
    yield table
    yield _Legend(table)
    for told in (list(told_of(result)), list(notes(result))):
        if told:
            yield Line()
            yield from told


class _Legend(NamedTuple):
    """What the columns mean that the table shows in the room it has."""

    table: Table

    def rows(self, room: Room) -> Iterator[Row]:
        titles = [column.title for column in self.table.shown(room)]
        return Line(legend(titles), "dim", hang=0).rows(room)


def _columns(moves: Sequence[LayerMove], found: set[str | None]) -> list[Column]:
    return [
        name_column([move.name for move in moves]),
        Column("weights", tuple(_relative(move.weights) for move in moves), right=True),
        Column("gamma", tuple(_relative(move.gamma) for move in moves), right=True),
        Column("beta", tuple(_relative(move.beta) for move in moves), right=True),
        Column("statistics", tuple(_w(move.statistics) for move in moves), right=True),
        Column("max abs", tuple(_max_abs(move.statistics) for move in moves), right=True),
        Column("trains on", tuple(Cell(_TRAINS[move.trains]) for move in moves)),
        Column("verdict", tuple(Cell(move.verdict.value, _tone(move, found)) for move in moves)),
        Column("moved", tuple(Cell(_MOVED.get(move.verdict, "?"), _tone(move, found)) for move in moves)),
    ]


def _tone(move: LayerMove, found: set[str | None]) -> Tone:
    return "error" if move.name in found else _TONES.get(move.verdict, "plain")


def _relative(change: TensorChange | None) -> Cell:
    if change is None:
        return Cell("-", "dim")
    return Cell("?", "warning") if change.relative is None else Cell(short(change.relative))


def _w(change: StatisticsChange) -> Cell:
    """The root mean square of W; `nan` where no channel has one."""
    if change.moved is None:
        return Cell("?", "warning")
    return Cell("nan", "error") if change.rms_w is None else Cell(short(change.rms_w))


def _max_abs(change: StatisticsChange) -> Cell:
    """The largest change of a moving mean or variance."""
    if change.max_abs_mean is None or change.max_abs_variance is None:
        return Cell("?", "warning")
    gaps = (change.max_abs_mean, change.max_abs_variance)
    return Cell(short(max(gaps) if gaps[0] == gaps[0] and gaps[1] == gaps[1] else float("nan")))
