"""What a training graph says of its moving statistics: who updates them, and who else changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.line import Line
from bninspect.text import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report

_FIX = "run UPDATE_OPS with every training step: tf.control_dependencies(UPDATE_OPS) around minimize"
_APART = (
    "what waits for the optimizer's op, or is grouped with it, runs the updates; a training loop that runs "
    "that op alone leaves them out"
)
_LEARNED = "the optimizer changes the moving statistics by gradients: they are in TRAINABLE_VARIABLES"


def training_lines(report: Report) -> Iterator[Line]:
    """A line for each way in which statistics are updated, or not; none for a graph that trains nothing."""
    if all(layer.updates is None for layer in report.layers):
        return
    trains = [layer for layer in report.layers if layer.trains_on_batch]
    if not trains:
        yield Line("training graph: its layers run on stored statistics, and training does not update them")
    run = [layer for layer in trains if layer.updates == "run" and not layer.updated_by_others]
    if run and len(run) == len(trains):
        yield Line("training graph: the train op updates the moving statistics")
    elif run:
        yield Line(f"training graph: the train op updates the moving statistics of {_names(run)}")
    for updates, words in (
        ("unused", "training graph: no train op runs the updates of the moving statistics"),
        ("none", "training graph: nothing updates the moving statistics"),
    ):
        still = [layer for layer in trains if layer.updates == updates]
        if still:
            part = f" of {_names(still)}" if len(still) < len(trains) else ""
            yield Line(f"{words}{part}, so inference will not use what training saw", "error")
    if any(layer.updates != "run" for layer in trains):
        yield Line(_FIX, label="fix: ", indent=2)
    yield from _others(report.layers)


def _others(layers: Sequence[BatchNorm]) -> Iterator[Line]:
    """What is easily overlooked."""
    apart = [layer for layer in layers if layer.updates_apart and not layer.updated_by_others]
    if apart:
        yield Line(f"{_names(apart)}: {_APART}", "warning")
    if others := [layer for layer in layers if layer.updated_by_others]:
        reason = "the train op runs the updates of another call with the same statistics, not of this one"
        yield Line(f"{_names(others)}: {reason}", "warning")
    if untrainable := [layer for layer in layers if layer.trains_on_batch and layer.is_untrainable]:
        from bninspect.rules.facts.training import UNTRAINABLE

        yield Line(f"{_names(untrainable)}: trainable=False, but training mode. {UNTRAINABLE}", "warning")
    moved = {"moving_mean", "moving_variance"}
    learned = [one for one in layers if not one.trains_on_batch and moved & set(one.trainable or ())]
    if learned:
        yield Line(f"{_names(learned)}: {_LEARNED}", "warning")


def _names(layers: Sequence[BatchNorm]) -> str:
    return grouped([layer.name for layer in layers])
