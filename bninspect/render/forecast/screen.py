"""The screen of `forecast`: the verdict, a row for each converter and its groups of layers, the fix."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from bninspect.batchnorm.verdict import undecided
from bninspect.converters.fact import Serves
from bninspect.render.graph.notes import undecided_lines
from bninspect.render.line import Line, fix_line
from bninspect.render.screenful import Screenful, sections
from bninspect.render.table import Cell, Column, Table
from bninspect.text import by_reason, grouped, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.commands.forecast.forecasting import ForecastResult
    from bninspect.commands.forecast.judging import Trial
    from bninspect.converters.forecast import ConverterForecast, GroupForecast
    from bninspect.render.line import Item, Tone

Reasons = Literal["beside", "below", "left out"]
"""Where it says why: in the table, each reason once below it, or nowhere."""

WORDS = {
    Serves.INFERENCE: "inference",
    Serves.TRAINING: "TRAINING",
    Serves.ASKS: "asks at run time",
    Serves.REFUSES: "refuses",
    Serves.OTHER: "other numbers",
    Serves.UNKNOWN: "unknown",
}
_TONES: dict[Serves, Tone] = {
    Serves.INFERENCE: "good",
    Serves.TRAINING: "error",
    Serves.ASKS: "plain",
    Serves.REFUSES: "warning",
    Serves.OTHER: "error",
    Serves.UNKNOWN: "dim",
}
_FLIPPED = "flipped"
_PHRASES = {
    Serves.TRAINING.value: ("serves TRAINING", "serve TRAINING"),
    Serves.OTHER.value: ("gives other numbers", "give other numbers"),
    _FLIPPED: ("turns training into inference", "turn training into inference"),
    Serves.ASKS.value: ("asks at run time", "ask at run time"),
    Serves.REFUSES.value: ("refuses the model", "refuse the model"),
    Serves.INFERENCE.value: ("serves inference", "serve inference"),
    Serves.UNKNOWN.value: ("cannot be forecast", "cannot be forecast"),
}
"""What the verdict says of a converter, and of several, in its order."""
_REASONS: tuple[Reasons, ...] = ("beside", "below", "left out")
_MOST_NODES = 2
MOST_UNDECIDED = 5


def render_forecast(result: ForecastResult) -> Iterator[Item]:
    """The verdict on one line, then the table and the fix."""
    bodies = [partial(_body, result, reasons) for reasons in _REASONS]
    yield Screenful(verdict(result), *bodies, rest="--format json")


def verdict(result: ForecastResult) -> Line:
    """`model.pb: OpenVINO serves TRAINING; Core ML, OpenCV refuse the model; TFLite serves inference`."""
    tested = [one for one in result.forecasts if one.converter.tested]
    besides = undecided(result.report)
    bad = any(one.changed for one in tested)
    good = not besides and all(_kind(one) == Serves.INFERENCE.value for one in tested)
    text = clauses(tested) or "no run of these converters is known; what is reported stands below"
    text += f"; {besides}" if besides else ""
    return Line(
        f"{result.report.graph.graphdef.path}: {text}", "error" if bad else "good" if good else "bold"
    )


def clauses(forecasts: Sequence[ConverterForecast]) -> str:
    """`OpenVINO serves TRAINING; Core ML, OpenCV refuse the model`; empty for none."""
    names: dict[str, list[str]] = {}
    for one in forecasts:
        names.setdefault(_kind(one), []).append(one.converter.title)
    return "; ".join(
        f"{listed(names[kind], 6)} {_PHRASES[kind][len(names[kind]) > 1]}"
        for kind in _PHRASES
        if kind in names
    )


def _kind(one: ConverterForecast) -> str:
    flipped = one.serves is Serves.INFERENCE and one.changed
    return _FLIPPED if flipped else one.serves.value


def _body(result: ForecastResult, reasons: Reasons) -> Iterator[Item]:
    """What stands below the verdict, the fix last."""
    yield Line()
    yield _table(result, why=reasons == "beside")
    if reasons == "below":
        yield from _reasons(result)
    if reasons != "left out":
        if any(not one.converter.tested for one in result.forecasts):
            yield Line("reported: read in its documentation and its users' reports, never run here", "dim")
        yield from _nodes(result)
    yield from _tried(result)
    yield from sections(undecided_lines(result.report, MOST_UNDECIDED))
    if result.fix is not None:
        yield Line()
        yield fix_line(result.fix, "", {}, 0)
        yield from _after(result.stripped)


def rows(result: ForecastResult) -> list[tuple[ConverterForecast, GroupForecast]]:
    """A row for each group of each converter."""
    return [(one, group) for one in result.forecasts for group in one.groups]


def _reasons(result: ForecastResult) -> Iterator[Line]:
    """Each reason once, with the converters that it is of."""
    reasons = by_reason((one.converter.title, _why(one, group)) for one, group in rows(result))
    for reason, names in reasons.items():
        yield Line(f"{', '.join(dict.fromkeys(names))}: {reason}")


def _table(result: ForecastResult, *, why: bool) -> Table:
    found = rows(result)
    seen = {one.converter: one for one in result.seen}
    alone = all(len(one.groups) == 1 for one in result.forecasts)
    who = Column("converter", tuple(Cell(title(one)) for one, _ in found), folds=True)
    serves = Column("serves", tuple(Cell(WORDS[group.serves], _TONES[group.serves]) for _, group in found))
    layers = Column(
        "layers",
        tuple(Cell(grouped([layer.name for layer in group.layers])) for _, group in found),
        folds=True,
    )
    reasons = Column("why", tuple(Cell(_why(one, group)) for one, group in found), folds=True)
    columns = [who, serves, *([] if alone else [layers]), *([reasons] if why else [])]
    if seen:
        tried = Column("tried", tuple(_seen(seen.get(one.converter.name)) for one, _ in found))
        columns.insert(2, tried)
    return Table(columns)


def title(one: ConverterForecast) -> str:
    """`OpenVINO 2026.4.1`."""
    return f"{one.converter.title} {one.converter.versions}"


def _why(one: ConverterForecast, group: GroupForecast) -> str:
    return group.reason if one.converter.tested else f"reported: {group.reason}"


def _seen(seen: Trial | None) -> Cell:
    if seen is None or seen.serves is None:
        return Cell("-", "dim")
    return Cell(WORDS[seen.serves], _TONES[seen.serves])


def _nodes(result: ForecastResult) -> Iterator[Line]:
    """What decides, once for each group of layers."""
    said: set[tuple[str, ...]] = set()
    for _, group in rows(result):
        if group.nodes not in said:
            said.add(group.nodes)
            names = [layer.name for layer in group.layers]
            yield Line(f"{grouped(names)}: decided at {listed(group.nodes, _MOST_NODES)}", "dim")


def _tried(result: ForecastResult) -> Iterator[Line]:
    """Why a converter that was tried made nothing, or was not tried."""
    titles = {one.converter.name: one.converter.title for one in result.forecasts}
    for one in result.seen:
        if one.reason:
            yield Line(f"{titles[one.converter]}: {one.reason}", indent=2)
    for absent in result.untried:
        yield Line(f"{titles[absent.what]} was not tried: {absent.reason}", "dim", indent=2)


def _after(stripped: Sequence[ConverterForecast]) -> Iterator[Line]:
    """What the fix brings."""
    tested = [one for one in stripped if one.converter.tested]
    good = [one.converter.title for one in tested if one.serves is Serves.INFERENCE]
    others = [one for one in tested if one.serves is not Serves.INFERENCE]
    if good:
        yield Line(f"then {listed(good, 6)} {'serve' if len(good) > 1 else 'serves'} inference", indent=5)
    for one in others:
        yield Line(f"then {one.converter.title}: {WORDS[one.serves]} ({one.groups[0].reason})", indent=5)
