"""The layers of a probe as a table: own error with a bar, verdict, deployed error, a row for each layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.render.line import Line
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.text import counted, layer_score, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.measure.facts import LayerMeasurement, Probe, ProbedLayer
    from bninspect.render.line import Item, Tone

TONES: dict[str, Tone] = {
    "fine": "good",
    "note": "note",
    "warning": "warning",
    "error": "error",
    "inconclusive": "dim",
    "-": "dim",
}
_FULL = 1.0
"""The score of a full bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LAYOUTS = ((10, True, True), (10, True, False), (6, True, False), (4, False, False))
"""(width of the bar, with values, with the largest difference of the outputs), the richest first."""


def render_layers(probe: Probe) -> Iterator[Item]:
    """The table and what its columns mean."""
    yield Table(*(_columns(probe.layers, *layout, judged=not probe.drawn) for layout in _LAYOUTS))
    images = counted(max(one.images or 0 for one in probe.layers), "image")
    told = (
        f"Over {images}. own: how far stored statistics are from those of the images, in standard "
        "deviations, with every layer in training mode; deployed: with every layer in inference mode."
    )
    if any(one.inherits for one in probe.layers):
        told += " *: inherited from layers before it, its own is small."
    yield Line(told, "dim", hang=0)


def _columns(
    layers: Sequence[ProbedLayer], bar: int, values: bool, difference: bool, *, judged: bool
) -> list[Column]:
    """One layout; without verdicts where none was `judged`."""
    verdicts = [_verdict(one.own) if judged else "-" for one in layers]
    bars = [
        Cell("", "dim") if verdict == "inconclusive" else _bar(_score(one.own), bar, TONES[verdict])
        for one, verdict in zip(layers, verdicts, strict=True)
    ]
    columns = [
        name_column([one.layer.name for one in layers]),
        Column("own", tuple(_own(one) for one in layers), right=True),
        Column("", tuple(bars)),
        Column("verdict", tuple(Cell(verdict, TONES[verdict]) for verdict in verdicts)),
        Column("deployed", tuple(_deployed(one) for one in layers), right=True),
    ]
    if values:
        columns.append(Column("values", tuple(Cell(f"{one.values or 0:,}") for one in layers), right=True))
    if difference:
        gaps = tuple(Cell(short(one.difference.max_abs) if one.difference else "-") for one in layers)
        columns.append(Column("max abs", gaps, right=True))
    return columns


def _deployed(one: ProbedLayer) -> Cell:
    """The deployed score, marked where it is inherited; its style says how bad it is all the same."""
    if _verdict(one.deployed) == "inconclusive":
        return Cell("? ", "dim")
    mark = "*" if one.inherits else " "
    return Cell(f"{layer_score(_score(one.deployed))}{mark}", TONES[_verdict(one.deployed)])


def _own(one: ProbedLayer) -> Cell:
    """The own score; `?` where the images do not tell."""
    return Cell("?", "dim") if _verdict(one.own) == "inconclusive" else Cell(layer_score(_score(one.own)))


def _score(measured: LayerMeasurement | None) -> float | None:
    return None if measured is None or measured.staleness is None else measured.staleness.score


def _verdict(measured: LayerMeasurement | None) -> str:
    return "-" if measured is None or measured.staleness is None else measured.staleness.verdict


def _bar(score: float | None, width: int, tone: Tone) -> Cell:
    """The score as a bar, full from `_FULL` on; eighths of a block, or whole signs where there are none."""
    if score is None or not math.isfinite(score) or score <= 0:
        return Cell("", tone)
    share = min(score / _FULL, 1.0) * width
    whole, eighths = divmod(round(share * 8), 8)
    return Cell("█" * whole + (_EIGHTHS[eighths] if eighths else ""), tone, ascii="#" * round(share))
