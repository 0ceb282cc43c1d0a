"""A refresh on a terminal: what was written, each layer before and after, what is left, and the check of the
result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.commands.check.result import CheckResult
from bninspect.render.check.text import lines
from bninspect.render.line import Line
from bninspect.render.probe.layers import TONES
from bninspect.render.refresh.text import besides, head, serving, warnings, worth
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.text import counted, layer_score

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.refresh.refreshed import Refreshed, Row
    from bninspect.render.line import Item
    from bninspect.statistics.staleness import Staleness


def render_refreshed(done: Refreshed) -> Iterator[Item]:
    """All that was done."""
    yield from head(done)
    yield Line()
    whole = _columns(done)
    yield Table(whole, [column for column in whole if column.title not in ("channels", "values")])
    yield Line(_legend(done), "dim", hang=0)
    for said in ((*serving(done), *warnings(done)), tuple(besides(done))):
        if said:
            yield Line()
            yield from said
    yield Line()
    yield worth(done)
    if done.result is not None:
        yield Line()
        yield from lines(CheckResult(models=(done.result,)))


def _legend(done: Refreshed) -> str:
    """What the columns mean."""
    told = (
        "before: how far the old statistics are from what was measured, in standard deviations (the own "
        "score of probe)"
    )
    if not any(row.after is not None for row in done.rows):
        why = (
            "Parts hold no images, so the result was not run and there is no after: bninspect probe on the "
            "result, with --image DIR, shows it"
        )
        return f"{told}. {why if done.parts else 'The result was not run'}."
    seen = counted(done.looked_at, "image") if done.looked_at else "what was fed"
    told += (
        f"; after and deployed: the new ones, measured by running the result on {seen}, with all layers in "
        "training and in inference mode"
    )
    cells = [cell.text for column in _columns(done) for cell in column.cells]
    return told + (". ?: too few images to tell." if "?" in cells else ".")


def _columns(done: Refreshed) -> list[Column]:
    rows = done.rows
    columns = [
        name_column([row.layer.name for row in rows]),
        Column("channels", tuple(Cell(f"{row.layer.channels or 0:,}") for row in rows), right=True),
        Column("values", tuple(Cell(f"{row.values:,}") for row in rows), right=True),
        Column("before", tuple(_before(row) for row in rows), right=True),
    ]
    if any(row.after is not None for row in rows):
        for title, which in (("after", "own"), ("deployed", "deployed")):
            columns.append(Column(title, tuple(_after(row, which) for row in rows), right=True))
    return columns


def _before(row: Row) -> Cell:
    if row.before is None:
        return Cell(row.layer.statistics.state.value, "dim")
    return _score(row.before)


def _after(row: Row, which: str) -> Cell:
    measured = None if row.after is None else getattr(row.after, which)
    return Cell("-", "dim") if measured is None or measured.staleness is None else _score(measured.staleness)


def _score(staleness: Staleness) -> Cell:
    """The score; `?` where the images do not tell."""
    if staleness.verdict == "inconclusive":
        return Cell("?", "dim")
    return Cell(layer_score(staleness.score), TONES[staleness.verdict])
