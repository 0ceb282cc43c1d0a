"""The layers of a probe as a table: own error with a bar, verdict, deployed error, a row for each layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.measure.measured import worst_first
from bninspect.render.line import Line
from bninspect.render.screenful import EVERYTHING
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.text import counted, layer_score, layers as worded, short

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bninspect.measure.facts import Probe, ProbedLayer
    from bninspect.render.line import Item, Tone
    from bninspect.statistics.staleness import Staleness

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
_LAYOUTS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (10, ()),
    (10, ("max abs",)),
    (6, ("max abs",)),
    (4, ("max abs", "values")),
    (0, ("max abs", "values", "deployed")),
)
"""(width of the bar, columns that are left out), the richest first."""


def render_layers(probe: Probe, most: int) -> Iterator[Item]:
    """A table of at most so many layers, the worst, in the order of the probe; what its columns mean. Layers
    of which the inputs decide nothing are one line, unless everything is shown.
    """
    whole = most == EVERYTHING or probe.drawn
    telling = [one for one in worst_first(probe).layers if whole or not _is_open(one)]
    worst = {one.layer.name for one in telling[:most]}
    shown = [one for one in probe.layers if one.layer.name in worst]
    if shown:
        yield Table(*(_columns(shown, bar, without, judged=not probe.drawn) for bar, without in _LAYOUTS))
    if rest := telling[most:]:
        judged = [one.own_staleness for one in rest if _verdict(one.own_staleness) != "inconclusive"]
        scores = [one.score for one in judged if one is not None and one.score is not None]
        largest = max(scores, default=None)
        least = "" if largest is None else f", own error at most {layer_score(largest)}"
        yield Line(f"{counted(len(rest), 'more layer')}{least}: --all", "dim")
    if len(telling) < len(probe.layers):
        yield _open_line([one for one in probe.layers if _is_open(one)], len(probe.layers))
    if not shown:
        return
    legend = (
        "own error: how far stored statistics are off those of the inputs, in standard deviations, with all "
        "layers in training mode; deployed: in inference mode"
    )
    if any(one.inherits for one in shown):
        legend += " (*: most of it comes from layers before)"
    yield Line(f"{legend}.", "dim", hang=0)


def _is_open(one: ProbedLayer) -> bool:
    """Whether the inputs decide nothing of the layer, neither by itself nor as deployed."""
    verdicts = {_verdict(one.own_staleness), _verdict(one.deployed_staleness)}
    return "inconclusive" in verdicts and verdicts <= {"inconclusive", "-"}


def _open_line(layers: Sequence[ProbedLayer], total: int) -> Line:
    """Which layers are left open, and how far the two modes differ there; what would decide them stands in
    the verdict, or below the findings.
    """
    gaps = [(one.difference.max_abs, one.layer.name) for one in layers if one.difference is not None]
    gap, name = max(gaps, default=(0.0, ""))
    where = f" (at {name})" if len(layers) > 1 else ""
    apart = f", where the two modes differ by at most {short(gap)}{where}" if gap > 0 else ""
    who = worded([one.layer.name for one in layers], total)
    return Line(f"inconclusive: {who}{apart}: --all shows them", "dim")


def _columns(
    layers: Sequence[ProbedLayer], bar: int, without: Collection[str], *, judged: bool
) -> list[Column]:
    """One layout; without verdicts if none was `judged`."""
    errors = [one.own_staleness for one in layers]
    verdicts = [_verdict(error) if judged else "-" for error in errors]
    bars = [_bar(error, bar, TONES[verdict]) for error, verdict in zip(errors, verdicts, strict=True)]
    gaps = [short(one.difference.max_abs) if one.difference else "-" for one in layers]
    columns = (
        name_column([one.layer.name for one in layers]),
        Column("own error", tuple(map(_error, errors)), right=True),
        Column("", tuple(bars)),
        Column("verdict", tuple(Cell(verdict, TONES[verdict]) for verdict in verdicts)),
        Column("deployed", tuple(_deployed(one) for one in layers), right=True),
        Column(
            "values",
            tuple(Cell("-" if one.values is None else f"{one.values:,}") for one in layers),
            right=True,
        ),
        Column("max abs", tuple(map(Cell, gaps)), right=True),
    )
    return [one for one in columns if one.title not in without and (one.title or bar)]


def _deployed(one: ProbedLayer) -> Cell:
    """The deployed error, with a mark if most of it is inherited; its tone says how bad it is."""
    mark = "*" if one.inherits else " "
    text, _, plain = _error(one.deployed_staleness)
    tone = TONES[_verdict(one.deployed_staleness)]
    return Cell(f"{text}{mark}", tone, ascii=None if plain is None else f"{plain}{mark}")


def _error(staleness: Staleness | None) -> Cell:
    if staleness is None or staleness.score is None:
        return Cell("-", "dim")
    return score_cell(staleness)


def score_cell(staleness: Staleness) -> Cell:
    """A score and how far it may be off by the choice of images: `0.31 ± 0.08`, `165.1 ± 0.9`, or `+-` where
    only ASCII can be shown.
    """
    text = layer_score(staleness.score)
    if staleness.score is None or staleness.score_error is None:
        return Cell(text)
    places = len(text.partition(".")[2]) if "e" not in text else 0
    error = f"{staleness.score_error:.{places}f}"
    return Cell(f"{text} ± {error}", ascii=f"{text} +- {error}")


def _verdict(staleness: Staleness | None) -> str:
    return "-" if staleness is None else staleness.verdict


def _bar(error: Staleness | None, width: int, tone: Tone) -> Cell:
    """The score as a bar, full from `_FULL` on; eighths of a block, or whole signs where there are none."""
    score = None if error is None else error.score
    if score is None or not math.isfinite(score) or score <= 0:
        return Cell("", tone)
    share = min(score / _FULL, 1.0) * width
    whole, eighths = divmod(round(share * 8), 8)
    return Cell("█" * whole + (_EIGHTHS[eighths] if eighths else ""), tone, ascii="#" * round(share))
