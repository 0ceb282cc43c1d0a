"""The numbers of one layer in words: its statistics, its gain, and what its epsilon alone does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.gain import gain, of_one, raised_by_wrapper
from bninspect.batchnorm.layer import State
from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.batchnorm.wiring.sets import by_set
from bninspect.render.line import Line
from bninspect.rules.facts.training import UNTRAINABLE
from bninspect.text import as_written, between, counted, listed, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.render.line import Tone

_RAISED = (
    "1.001e-05 is the smallest epsilon that the Python wrapper of TensorFlow 1.x wrote: it raised a smaller "
    "one, such as 0 or 1e-05, to this before the file was made. (Some networks ask for 1.001e-05 themselves.)"
)
_UPDATES = {
    "run": "updates of the moving statistics: a train op runs them",
    "unused": "updates of the moving statistics: they exist, and no train op runs them",
    "none": "updates of the moving statistics: there are none",
    None: "updates of the moving statistics: they exist, and the graph has no train op",
}


def numbers(layer: BatchNorm) -> Iterator[Line]:
    """The statements, in order."""
    every = by_set(layer)
    whens = [f"if {condition(kept.when)}: " for kept in layer.sets] or [""]
    for when, one in zip(whens, every, strict=True):
        bad = one.statistics.state in (State.INITIAL, State.INVALID)
        yield _line(when + _statistics(one), "error" if bad else "plain")
    yield from _epsilon(layer)
    for when, one in zip(whens, every, strict=True):
        yield _line(when + _gain(one))
    momentum = as_written(layer.momentum)
    if momentum is not None:
        rest = as_written(float(np.float32(1.0 - momentum)))
        yield _line(f"momentum {plain(momentum)}: moving = moving*{plain(momentum)} + batch*{plain(rest)}")
    elif layer.update_ops:
        yield _line("momentum: no constant, computed when the updates run")
    yield from _training(layer)


def _line(text: str, tone: Tone = "plain") -> Line:
    return Line(text, tone, indent=2, hang=0)


def _training(layer: BatchNorm) -> Iterator[Line]:
    """Who updates the moving statistics, and what the optimizer changes."""
    if layer.updates is not None or layer.update_ops:
        stays = layer.trains_on_batch and layer.updates != "run"
        yield _line(_UPDATES[layer.updates] + _update_ops(layer), "warning" if stays else "plain")
    if layer.trainable is not None:
        yield _line(f"in TRAINABLE_VARIABLES: {', '.join(layer.trainable) or 'none of them'}")
    if layer.trains_on_batch and layer.is_untrainable:
        yield _line(f"trainable=False, and it normalizes with its batch: {UNTRAINABLE}", "warning")


def _update_ops(layer: BatchNorm) -> str:
    """The update ops in brackets; where several calls have some and not all of them run, which do not."""
    idle = [node.label for node in layer.idle_update_ops if layer.updates == "run"]
    run = [node.label for node in layer.update_ops if node.label not in idle]
    return (f" ({listed(run)})" if run else "") + (f"; no train op runs {listed(idle)}" if idle else "")


def _statistics(layer: BatchNorm) -> str:
    statistics = layer.statistics
    words = f"statistics {statistics.state.value}"
    if statistics.values is not None:
        words += f": moving_mean {between(statistics.values.mean_range)}"
        words += f", moving_variance {between(statistics.values.variance_range)}"
    return words + (f" ({statistics.reason})" if statistics.reason else "")


def _epsilon(layer: BatchNorm) -> Iterator[Line]:
    """Epsilon, and how much of a 1.0 it takes away all by itself."""
    if layer.epsilon is None:
        yield _line("epsilon unknown: it is not a number in the file")
        return
    yield _line(f"epsilon {plain(as_written(layer.epsilon))}")
    one = of_one(layer.epsilon)
    yield _line(
        f"1.0 becomes {plain(one)} = 1/sqrt(1+epsilon) with mean 0, variance 1, gamma 1, beta 0{_lost(one)}"
    )
    if raised_by_wrapper(layer.epsilon):
        yield _line(_RAISED)


def _lost(one: float) -> str:
    """What epsilon alone takes from 1.0."""
    return f": epsilon alone takes {1.0 - one:.2g} away" if one < 1.0 else ""


def _gain(layer: BatchNorm) -> str:
    """The range of gamma / sqrt(moving_variance + epsilon)."""
    slope = gain(layer)
    formula = "gain in inference mode, gamma/sqrt(moving_variance+epsilon)"
    if slope is None or not slope.size:
        return f"{formula}: unknown, since not all of these are numbers in the file"
    channels = counted(slope.size, "channel")
    wrong = np.count_nonzero(~np.isfinite(slope))
    if wrong:
        return f"{formula}: not finite in {wrong:,} of {channels}"
    return f"{formula}: {between((float(slope.min()), float(slope.max())))} over {channels}"
