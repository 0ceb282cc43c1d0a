"""The screen of `refresh`: what was written, the layers before and after, warnings, and what check says."""

from __future__ import annotations

from shlex import quote as shell
from typing import TYPE_CHECKING

from bninspect.render.check.text import findings
from bninspect.render.line import Line
from bninspect.render.probe.layers import TONES, score_cell
from bninspect.render.refresh.text import certainty, notes, setting, source, verdict, warnings, worth
from bninspect.render.screenful import EVERYTHING, Screenful, sections
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.text import by_reason, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.commands.refresh.refreshed import Refreshed, Row
    from bninspect.render.line import Item
    from bninspect.statistics.staleness import Staleness

_LIMITS = (10, 6, 3, 2)
"""How many layers, and notes of a kind, are shown."""


def render_refreshed(done: Refreshed, *, everything: bool = False) -> Iterator[Item]:
    """What was done, of the layers the worst; or `everything`."""
    limits = (EVERYTHING,) if everything else _LIMITS
    bodies = [lambda most=most: _body(done, most) for most in limits]
    yield Screenful(verdict(done), *bodies, limited=not everything)


def _body(done: Refreshed, most: int) -> Iterator[Item]:
    """What stands below the verdict, with at most so many layers."""
    yield from setting(done)
    yield from certainty(done)
    yield from warnings(done)
    yield Line()
    shown, rest = _worst(done.rows, most)
    whole = _columns(done, shown)
    yield Table(whole, [column for column in whole if column.title not in ("channels", "values")])
    if rest:
        yield Line(f"{counted(len(rest), 'more layer')}: --all", "dim")
    yield Line(_legend(done), "dim", hang=0)
    yield from sections(notes(done, most), (worth(),), _judgement(done))


def _worst(rows: Sequence[Row], most: int) -> tuple[list[Row], list[Row]]:
    """Those with the largest errors after and before, in graph order; and the others."""

    def errors(row: Row) -> tuple[float, float]:
        scores = [None if one is None else one.score for one in (row.own, row.before)]
        after, before = (-1.0 if score is None else score for score in scores)
        return after, before

    worst = sorted(range(len(rows)), key=lambda index: errors(rows[index]), reverse=True)[:most]
    return [rows[index] for index in sorted(worst)], [
        row for index, row in enumerate(rows) if index not in set(worst)
    ]


def _judgement(done: Refreshed) -> Iterator[Line]:
    """What check says of the result, and the next command."""
    if done.result is None:
        return
    for line in findings(done.result):
        yield line._replace(indent=line.indent - 2)
    unjudged = by_reason((skip.code, skip.reason) for skip in done.result.not_run if not skip.foreign)
    for reason, codes in unjudged.items():
        yield Line(f"not judged: {', '.join(codes)} ({reason})", "dim")
    if not done.result.found:
        yield Line(f"next: bninspect check {shell(done.target)} --deploy", whole=True)


def _legend(done: Refreshed) -> str:
    """What the columns mean."""
    legend = "before: how far the old statistics are off those of the images, in standard deviations"
    if not any(row.after is not None for row in done.rows):
        why = (
            "parts have no images, so the new model was not run: bninspect probe shows what is after"
            if done.parts
            else "the new model was not run"
        )
        return f"{legend}; {why}."
    seen = counted(done.images_checked, "image") if done.images_checked else source(done.estimates)
    return (
        f"{legend}; after: the new statistics, measured by running the new model on {seen}, all layers in "
        "training mode; deployed: in inference mode."
    )


def _columns(done: Refreshed, rows: Sequence[Row]) -> list[Column]:
    columns = [
        name_column([row.layer.name for row in rows]),
        Column("channels", tuple(Cell(f"{row.layer.channels or 0:,}") for row in rows), right=True),
        Column("values", tuple(Cell(f"{row.values:,}") for row in rows), right=True),
        Column("before", tuple(_before(row) for row in rows), right=True),
    ]
    if any(row.after is not None for row in done.rows):
        columns.append(Column("after", tuple(_measured(row.own) for row in rows), right=True))
        columns.append(Column("deployed", tuple(_measured(row.deployed) for row in rows), right=True))
    return columns


def _before(row: Row) -> Cell:
    if row.before is None:
        return Cell(row.layer.statistics.state.value, "dim")
    return _score(row.before)


def _measured(staleness: Staleness | None) -> Cell:
    return Cell("-", "dim") if staleness is None else _score(staleness)


def _score(staleness: Staleness) -> Cell:
    """The error with its uncertainty, in the tone of its verdict."""
    return score_cell(staleness)._replace(tone=TONES[staleness.verdict])
