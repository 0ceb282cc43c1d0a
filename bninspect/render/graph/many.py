"""Several models: a row for each, those that serve TRAINING first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import behaviours, verdict
from bninspect.commands.graph import Unread
from bninspect.render.graph.screen import verdict_line
from bninspect.render.line import Line
from bninspect.render.screenful import MOST_ROWS
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import Report
    from bninspect.commands.graph import GraphResult
    from bninspect.render.line import Room, Row

_ORDER = (
    "not read",
    "in TRAINING mode",
    "switched",
    "in inference mode",
    "training graphs",
    "no batch norm",
)


class ModelRow(NamedTuple):
    """One model in one line."""

    kind: str
    """One of _ORDER."""
    line: Line


def model_row(result: GraphResult | Unread) -> ModelRow:
    """The verdict on the model, or why it could not be read."""
    if isinstance(result, Unread):
        return ModelRow("not read", Line(result.error, "error"))
    return ModelRow(_kind(result.report), verdict_line(result.report, verdict(result.report)))


def _kind(report: Report) -> str:
    if not report.layers:
        return "no batch norm"
    if any("TRAINING" in way.brief for way in behaviours(report)):
        return "in TRAINING mode"
    modes = {layer.mode for layer in report.layers}
    if Mode.SWITCHED in modes:
        return "switched"
    return "training graphs" if Mode.TRAINING in modes else "in inference mode"


class Models(NamedTuple):
    """The rows under a line that counts them; unless `everything` is asked for, no more than a screen."""

    models: Sequence[ModelRow]
    everything: bool = False

    def rows(self, room: Room) -> Iterator[Row]:
        """As many models as fit, and how many more there are."""
        kinds = Counter(model.kind for model in self.models)
        counts = ", ".join(f"{kinds[kind]:,} {kind}" for kind in _ORDER if kinds[kind])
        yield from Line(f"{counted(len(self.models), 'model')}: {counts}", "bold").rows(room)
        left = MOST_ROWS - 2
        ordered = sorted(self.models, key=lambda model: _ORDER.index(model.kind))
        for number, model in enumerate(ordered):
            drawn = list(model.line._replace(indent=2).rows(room))
            left -= len(drawn)
            if left < 0 and not self.everything:
                more = counted(len(ordered) - number, "more model")
                yield from Line(f"and {more}: --all lists them", "dim", indent=2).rows(room)
                return
            yield from drawn
