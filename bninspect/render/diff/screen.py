"""The screen of `diff`: what moved, layers that moved alike in one row, what was found, what to know."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.comparison.comparison import Trains, Verdict
from bninspect.render.diff.text import files, legend, notes, told_of, undecided_places, verdict
from bninspect.render.line import Line
from bninspect.render.screenful import EVERYTHING, Screenful, sections
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.text import grouped, short

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

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
_EVERYTHING = (EVERYTHING, EVERYTHING)
_LIMITS = ((12, 5), (12, 2), (4, 1), (0, 1))
"""(layers that are shown one by one, notes of a kind)."""


def render_diff(result: PairResult, *, everything: bool = False) -> Iterator[Item]:
    """What moved, layers that moved alike as one row; or `everything`, a row for each layer."""
    limits = (_EVERYTHING,) if everything else _LIMITS
    bodies = [lambda limit=limit: _body(result, *limit) for limit in limits]
    yield Screenful(verdict(result), *bodies, limited=not everything)


def _body(result: PairResult, layers: int, most: int) -> Iterator[Item]:
    """What stands below the verdict: a row for each layer, if they are no more than `layers`, else for each
    group; at most so many notes.
    """
    yield from files(result)
    yield Line()
    wrong = {one.finding.layer for one in result.result.found}
    moves = result.comparison.layers
    groups = [[move] for move in moves] if len(moves) <= layers else _groups(moves, wrong)
    columns = _columns(groups, wrong)
    table = Table(*([column for column in columns if column.title not in titles] for titles in _WITHOUT))
    yield table
    if len(groups) < len(moves):
        yield Line("--all lists the layers one by one.", "dim")
    yield _Legend(table)
    yield from sections(told_of(result), undecided_places(result, most), notes(result, most))


def _groups(moves: Sequence[LayerMove], wrong: Collection[str | None]) -> list[list[LayerMove]]:
    """The layers that moved alike, those with findings first, then the smaller groups."""
    alike: dict[object, list[LayerMove]] = {}
    for move in moves:
        alike.setdefault((move.name not in wrong, move.verdict, move.trains), []).append(move)
    return sorted(alike.values(), key=lambda group: (group[0].name not in wrong, len(group)))


class _Legend(NamedTuple):
    """What the columns mean that the table shows in the room it has."""

    table: Table

    def rows(self, room: Room) -> Iterator[Row]:
        titles = [column.title for column in self.table.shown(room)]
        return Line(legend(titles), "dim", hang=0).rows(room)


def _columns(groups: Sequence[Sequence[LayerMove]], wrong: Collection[str | None]) -> list[Column]:
    """A cell for each group: its one value, or the least and the largest."""

    def numbers(title: str, value: Callable[[LayerMove], _Value]) -> Column:
        return Column(title, tuple(_between([value(move) for move in group]) for group in groups), right=True)

    def words(title: str, word: Callable[[LayerMove], str]) -> Column:
        return Column(title, tuple(Cell(word(group[0]), _tone(group[0], wrong)) for group in groups))

    first = [group[0] for group in groups]
    single = all(len(group) == 1 for group in groups)
    names = [grouped([move.name for move in group]) for group in groups]
    return [
        name_column(names) if single else Column("layers", tuple(map(Cell, names)), folds=True),
        numbers("weights", lambda move: _relative(move.weights)),
        numbers("gamma", lambda move: _relative(move.gamma)),
        numbers("beta", lambda move: _relative(move.beta)),
        numbers("statistics", lambda move: _w(move.statistics)),
        numbers("max abs", lambda move: _max_abs(move.statistics)),
        Column("trains on", tuple(Cell(_TRAINS[move.trains]) for move in first)),
        words("verdict", lambda move: move.verdict.value),
        words("moved", lambda move: _MOVED.get(move.verdict, "?")),
    ]


def _tone(move: LayerMove, wrong: Collection[str | None]) -> Tone:
    return "error" if move.name in wrong else _TONES.get(move.verdict, "plain")


class _Value(NamedTuple):
    """A number of one layer, or why it has none."""

    number: float | None
    text: str = ""
    tone: Tone = "plain"


def _between(values: Sequence[_Value]) -> Cell:
    """The number of all of them, or `least .. largest`; of those without one, what is said of the first."""
    known = sorted(value.number for value in values if value.number is not None)
    if not known or math.isnan(known[0]):
        return Cell(values[0].text or "nan", values[0].tone)
    least, largest = short(known[0]), short(known[-1])
    return Cell(least if least == largest else f"{least} .. {largest}")


def _relative(change: TensorChange | None) -> _Value:
    if change is None:
        return _Value(None, "-", "dim")
    return _Value(change.relative, "?", "warning")


def _w(change: StatisticsChange) -> _Value:
    """The root mean square of W; `nan` if no channel has one."""
    if change.moved is None:
        return _Value(None, "?", "warning")
    return _Value(change.rms_w, "nan", "error")


def _max_abs(change: StatisticsChange) -> _Value:
    """The largest change of a moving mean or variance."""
    if change.max_abs_mean is None or change.max_abs_variance is None:
        return _Value(None, "?", "warning")
    pair = change.max_abs_mean, change.max_abs_variance
    return _Value(math.nan if any(map(math.isnan, pair)) else max(pair))
