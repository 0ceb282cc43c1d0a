"""The stored statistics in a line for each state: what they are, and what inference makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import State
from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.stored import UNREAD_VARIABLES
from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.batchnorm.wiring.sets import by_set
from bninspect.render.line import Line
from bninspect.text import counted, listed, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.batchnorm.missing import MissingWeights
    from bninspect.render.line import Tone

_ORDER = (State.INVALID, State.INITIAL, State.ABSENT, State.UNREAD, State.STORED)
_TONES: dict[State, Tone] = {State.INVALID: "error", State.INITIAL: "error", State.ABSENT: "warning",
                             State.UNREAD: "warning"}  # fmt: skip
_MEANS = {
    State.INVALID: "not finite, or a negative variance, so inference gives NaN",
    State.ABSENT: "the file has no moving statistics, so it cannot run inference mode",
    State.UNREAD: "their values are not in the graph",
}
_INITIAL = (
    "still at their initial values (mean 0, variance {variance}), so inference does not normalize: it "
    "multiplies by gamma/sqrt({one}epsilon)"
)


def state_lines(layers: Sequence[BatchNorm], report: Report | None = None) -> Iterator[Line]:
    """A line for each state that occurs, with the layers where not all are so, the gravest first. With the
    report, the fix of weights that are missing.
    """
    missing = None if report is None else missing_weights(report)
    yield from _set_lines([layer for layer in layers if layer.sets])
    layers = [layer for layer in layers if not layer.sets]
    states: dict[tuple[State, bool], list[BatchNorm]] = {}
    for layer in layers:
        states.setdefault((layer.statistics.state, _zero(layer)), []).append(layer)
    for state, zero in sorted(states, key=lambda pair: (_ORDER.index(pair[0]), pair[1])):
        alike = states[state, zero]
        who = f" ({_who(alike)})" if len(states) > 1 else ""
        label = "statistics not read" if state is State.UNREAD else f"statistics {state.value}"
        unread = state is State.UNREAD and all(one.statistics.reason == UNREAD_VARIABLES for one in alike)
        if missing is not None and unread:
            yield Line(_lacking(missing), "warning", label=label + who)
            yield Line(missing.fix, label="fix: ", indent=2, whole=True)
            missing = None
        else:
            tone = _TONES.get(state, "plain")
            yield Line(f": {_meaning(alike, state, zero)}", tone, label=label + who)
    if missing is not None:
        yield Line(_lacking(missing), "warning", label="weights missing")
        yield Line(missing.fix, label="fix: ", indent=2, whole=True)


def _set_lines(layers: Sequence[BatchNorm]) -> Iterator[Line]:
    """Of layers with several sets of statistics each set: when it serves, and what it holds."""
    alike: dict[tuple[str, ...], list[BatchNorm]] = {}
    for layer in layers:
        alike.setdefault(tuple(condition(one.when) for one in layer.sets), []).append(layer)
    for whens, those in alike.items():
        yield Line(f"{counted(len(whens), 'set')} of statistics can serve inference ({_who(those)})")
        for at, (when, sets) in enumerate(zip(whens, zip(*map(by_set, those), strict=True), strict=True)):
            state = min((one.statistics.state for one in sets), key=_ORDER.index)
            tone = _TONES.get(state, "plain")
            graver = [one for one in sets if one.statistics.state is state]
            means = _meaning(graver, state, _zero(graver[0]))
            label = f"if {when}"
            yield Line(f": {_reads(those, at)}, {state.value}: {means}", tone, label=label, indent=2)


def _reads(layers: Sequence[BatchNorm], at: int) -> str:
    """Which nodes read the set of this place, and where its mean is kept."""
    nodes = [(one.node.label, one.moving.mean.node.label) for one in (layer.sets[at] for layer in layers)]
    names = [mean if node == mean else f"{node} reads {mean}" for node, mean in nodes]
    return listed(names, 2)


def _lacking(missing: MissingWeights) -> str:
    return f": {missing.where} ({counted(missing.variables, 'variable')} without a value)"


def _who(layers: Sequence[BatchNorm]) -> str:
    names = [layer.name for layer in layers]
    return names[0] if len(names) == 1 else f"{counted(len(names), 'layer')}: {listed(names, 2)}"


def _zero(layer: BatchNorm) -> bool:
    """Whether the variance is 0 in every channel, as an ExponentialMovingAverage of tensors starts."""
    if layer.statistics.state is not State.INITIAL:
        return False
    values = layer.statistics.values
    return values is not None and values.variance_range == (0.0, 0.0)


def _meaning(layers: Sequence[BatchNorm], state: State, zero: bool) -> str:
    if state is State.INITIAL:
        return _INITIAL.format(variance=0, one="") if zero else _INITIAL.format(variance=1, one="1 + ")
    if state is State.STORED:
        means = [_bounds(one.statistics.values.mean_range) for one in layers if one.statistics.values]
        variances = [_bounds(one.statistics.values.variance_range) for one in layers if one.statistics.values]
        return f"moving mean {_range(means)}, moving variance {_range(variances)}"
    if state is State.ABSENT:
        return _MEANS[state]
    reasons = sorted({layer.statistics.reason for layer in layers if layer.statistics.reason})
    return _MEANS[state] + (f" ({listed(reasons)})" if reasons else "")


def _bounds(bounds: tuple[float | None, float | None]) -> tuple[float, float]:
    low, high = bounds
    return (0.0 if low is None else low), (0.0 if high is None else high)


def _range(bounds: Sequence[tuple[float, float]]) -> str:
    """From the least to the greatest of them."""
    low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
    return plain(low) if low == high else f"{low:.4g} to {high:.4g}"
