"""The numbers of one layer in words: its statistics, its gain, and what its epsilon alone does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.gain import gain, of_one, raised_by_wrapper
from bninspect.batchnorm.layer import State
from bninspect.render.names import as_written, between, counted, few, plain
from bninspect.rules.facts.training import UNTRAINABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.render.graph.verdict import Tone

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


def numbers(layer: BatchNorm) -> Iterator[tuple[str, Tone]]:
    """The statements, in order, and how loud each is."""
    yield _statistics(layer), "alarm" if layer.statistics.state in (State.INITIAL, State.INVALID) else "plain"
    yield from _epsilon(layer)
    yield _gain(layer), "plain"
    momentum = as_written(layer.momentum)
    if momentum is not None:
        rest = as_written(float(np.float32(1.0 - momentum)))
        yield f"momentum {plain(momentum)}: moving = moving*{plain(momentum)} + batch*{plain(rest)}", "plain"
    elif layer.update_ops:
        yield "momentum: no constant, computed when the updates run", "plain"
    yield from _training(layer)


def _training(layer: BatchNorm) -> Iterator[tuple[str, Tone]]:
    """Who updates the moving statistics, and what the optimizer changes."""
    if layer.updates is not None or layer.update_ops:
        stays = layer.trains_on_batch and layer.updates != "run"
        yield _UPDATES[layer.updates] + _update_ops(layer), "warning" if stays else "plain"
    if layer.trainable is not None:
        yield f"in TRAINABLE_VARIABLES: {', '.join(layer.trainable) or 'none of them'}", "plain"
    if layer.trains_on_batch and layer.is_untrainable:
        yield f"trainable=False, and it normalizes with its batch: {UNTRAINABLE}", "warning"


def _update_ops(layer: BatchNorm) -> str:
    """The update ops in brackets; where several calls have some and not all of them run, which do not."""
    idle = [node.label for node in layer.idle_update_ops if layer.updates == "run"]
    run = [node.label for node in layer.update_ops if node.label not in idle]
    return (f" ({few(run)})" if run else "") + (f"; no train op runs {few(idle)}" if idle else "")


def _statistics(layer: BatchNorm) -> str:
    statistics = layer.statistics
    words = f"statistics {statistics.state.value}"
    if statistics.values is not None:
        words += f": moving_mean {between(statistics.values.mean_range)}"
        words += f", moving_variance {between(statistics.values.variance_range)}"
    return words + (f" ({statistics.reason})" if statistics.reason else "")


def _epsilon(layer: BatchNorm) -> Iterator[tuple[str, Tone]]:
    """Epsilon, and how much of a 1.0 it takes away all by itself."""
    if layer.epsilon is None:
        yield "epsilon unknown: it is not a number in the file", "plain"
        return
    yield f"epsilon {plain(as_written(layer.epsilon))}", "plain"
    one = of_one(layer.epsilon)
    yield (
        f"1.0 becomes {plain(one)} = 1/sqrt(1+epsilon) with mean 0, variance 1, gamma 1, beta 0{_lost(one)}",
        "plain",
    )
    if raised_by_wrapper(layer.epsilon):
        yield _RAISED, "plain"


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
