"""The layers of a probe as a table: own error with a bar, verdict, deployed error, a row for each layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.render.columns import Cell, Column, RowTable, name_column
from bninspect.render.names import counted
from bninspect.render.probe.numbers import short
from bninspect.render.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bninspect.measure.facts import LayerMeasurement, Probe, ProbedLayer

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
_LAYOUTS = ((10, True, True), (10, True, False), (6, True, False), (4, False, False))
"""(width of the bar, with values, with the largest difference of the outputs), the richest first."""


def print_layers(console: Console, probe: Probe, *, grow: bool = False) -> None:
    """The table and what its columns mean."""

    def layouts(blocks: bool) -> list[list[Column]]:
        return [_columns(probe.layers, *layout, blocks=blocks, judged=not probe.drawn) for layout in _LAYOUTS]

    console.print(RowTable(layouts, grow=grow), crop=not grow)
    images = counted(max(one.images for one in probe.layers), "image")
    told = (
        f"Over {images}. own: how far stored statistics are from those of the images, in standard "
        "deviations, with every layer in training mode; deployed: with every layer in inference mode."
    )
    if any(_inherited(one) for one in probe.layers):
        told += " *: inherited from layers before it, its own is small."
    console.print(Prose(told, "dim"))


def _columns(
    layers: Sequence[ProbedLayer], bar: int, values: bool, difference: bool, *, blocks: bool, judged: bool
) -> list[Column]:
    """One layout; without verdicts where none was `judged`."""
    verdicts = [_verdict(one.own) if judged else "-" for one in layers]
    bars = [
        Cell("" if verdict == "inconclusive" else _bar(_score(one.own), bar, blocks), STYLES[verdict])
        for one, verdict in zip(layers, verdicts, strict=True)
    ]
    columns = [
        name_column([one.layer.name for one in layers]),
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


def _deployed(one: ProbedLayer) -> Cell:
    """The deployed score, marked where it is inherited; its style says how bad it is all the same."""
    if _verdict(one.deployed) == "inconclusive":
        return Cell("? ", "dim")
    mark = "*" if _inherited(one) else " "
    return Cell(f"{layer_score(_score(one.deployed))}{mark}", STYLES[_verdict(one.deployed)])


def _inherited(one: ProbedLayer) -> bool:
    return _verdict(one.deployed) in ("warning", "error") and _verdict(one.own) in ("fine", "note")


def _own(one: ProbedLayer) -> Cell:
    """The own score; `?` where the images do not tell."""
    return Cell("?", "dim") if _verdict(one.own) == "inconclusive" else Cell(layer_score(_score(one.own)))


def _score(measured: LayerMeasurement | None) -> float | None:
    return None if measured is None or measured.staleness is None else measured.staleness.score


def _verdict(measured: LayerMeasurement | None) -> str:
    return "-" if measured is None or measured.staleness is None else measured.staleness.verdict


def layer_score(score: float | None) -> str:
    """A score for a table: `0.02`, `12.3`, `165`."""
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
