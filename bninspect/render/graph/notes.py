"""What stands below the table: states explained, lookalikes, what could not be decided, what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.layer import State
from bninspect.render.graph.overview import NEVER_RUN, OTHERS_RUN, RUN
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report


class Note(NamedTuple):
    """A short term, and what is to be said of it."""

    term: str
    text: str


_INITIAL = (
    "mean 0 and variance 1 as on the first day; the moving statistics were never updated. Inference mode "
    "then returns x*gamma/sqrt(1+epsilon)+beta: un-normalized, often huge."
)
_INITIAL_ZERO = (
    "mean 0 and variance 0, as an ExponentialMovingAverage of tensors starts; it was never updated. "
    "Inference mode then returns x*gamma/sqrt(epsilon)+beta: un-normalized, often huge."
)
_STATES = {
    State.ABSENT: "the file holds no moving statistics; inference mode cannot be had from it",
    State.UNREAD: "the values of the moving statistics are not in the graph itself",
    State.INVALID: "a mean or variance that is not finite, or a negative variance; inference mode gives NaN",
}


def state_notes(layers: Sequence[BatchNorm]) -> Iterator[Note]:
    """One explanation for each state that occurs and is not simply `stored`."""
    initial = [layer for layer in layers if layer.statistics.state is State.INITIAL]
    held = [layer.statistics.values for layer in initial]
    zero = [values for values in held if values is not None and values.variance_range == (0.0, 0.0)]
    if len(initial) > len(zero):
        yield Note("initial", _INITIAL)
    if zero:
        yield Note("initial", _INITIAL_ZERO)
    for state, meaning in _STATES.items():
        reasons = [layer.statistics.reason for layer in layers if layer.statistics.state is state]
        if reasons:
            told = listed(sorted({reason for reason in reasons if reason}))
            yield Note(state.value, f"{meaning} ({told})." if told else f"{meaning}.")


_APART = (
    "not by the optimizer's op itself, but by what waits for it or is grouped with it: a training loop that "
    "runs the optimizer's op alone leaves the updates out"
)
_NEVER_RUN = (
    "the update ops exist, and no train op depends on them: the moving statistics stay, unless the training "
    "loop runs these ops by name"
)
_OTHERS_RUN = (
    "no train op runs the updates of this call, but those of another one with the same statistics: they "
    "follow its batches alone"
)
_NONE = "no op assigns what a batch gave to the moving statistics: they stay"
_LEARNED = (
    "Moving statistics are among the trainable variables, and what is normalized with them trains: the "
    "optimizer moves them by gradients of the loss, not to what batches have for mean and variance"
)
_NO_UPDATES = "with training=False a layer makes no updates, whatever trainable is"


def training_notes(layers: Sequence[BatchNorm]) -> Iterator[Note]:
    """Of a training graph: one explanation for each way in which statistics are not updated, or not by the
    optimizer's op; and what trainable=False means where the layer normalizes with its batch all the same.
    """
    apart = [layer.name for layer in layers if layer.updates_apart and not layer.updated_by_others]
    if apart:
        yield Note(RUN, f"{_APART} ({listed(apart)}).")
    if others := [layer.name for layer in layers if layer.updated_by_others]:
        yield Note(OTHERS_RUN, f"{_OTHERS_RUN} ({listed(others)}).")
    if any(layer.updates == "unused" for layer in layers):
        yield Note(NEVER_RUN, f"{_NEVER_RUN}.")
    idle = [layer for layer in layers if layer.updates == "none"]
    if any(layer.trains_on_batch for layer in idle):
        yield Note("none", f"{_NONE}.")
    if any(not layer.trains_on_batch for layer in idle):
        yield Note("none", f"{_NO_UPDATES}.")
    untrainable = [layer.name for layer in layers if layer.trains_on_batch and layer.is_untrainable]
    if untrainable:
        from bninspect.rules.facts.training import UNTRAINABLE

        yield Note("trainable=False", f"{listed(untrainable)}. {UNTRAINABLE}.")
    learned = [
        layer.name
        for layer in layers
        if not layer.trains_on_batch and {"moving_mean", "moving_variance"} & set(layer.trainable or ())
    ]
    if learned:
        yield Note("trainable", f"{listed(learned)}. {_LEARNED}.")


def lookalike_notes(report: Report) -> Iterator[Note]:
    """One note for each kind and reason: how many there are, and the first few names."""
    groups: dict[tuple[str, str], list[str]] = {}
    for found in report.lookalikes:
        groups.setdefault((found.kind, found.reason), []).append(found.node.label)
    for (kind, reason), names in groups.items():
        yield Note(f"{len(names):,} {kind}", f"{listed(names)} ({reason})")


def unrecognised_notes(report: Report) -> Iterator[Note]:
    """One note for each place that could not be decided."""
    for place in report.unrecognised:
        yield Note(place.node, place.reason)


def skipped_notes(report: Report) -> Iterator[Note]:
    """One note for each thing left out on purpose."""
    for skip in report.skipped:
        yield Note(f"{skip.count:,} {skip.what}", skip.reason)
