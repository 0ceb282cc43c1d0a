"""What can be wrong with stored statistics: one function for each cause, told with its numbers.

Every function is shown the layers that no cause before it has explained, in graph order, and returns the
diagnosis and the layers that it explains, so that one cause is told once.
"""

from __future__ import annotations

import math
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.layer import State
from bninspect.measure.facts import Diagnosis
from bninspect.statistics import thresholds
from bninspect.statistics.average import AverageFit, average_fit
from bninspect.text import layers as worded
from bninspect.text import listed, number, percent, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.measure.judging.judged import Judged

    Found = tuple[Diagnosis, frozenset[str]] | None

_FEW_LAYERS = 3
"""So many layers are named in a command; of more, all are re-estimated."""


def invalid(found: Sequence[Judged]) -> Found:
    """BN203: statistics that are no statistics."""
    broken = [one for one in found if one.layer.statistics.state is State.INVALID]
    if not broken:
        return None
    names = [one.name for one in broken]
    reason = broken[0].layer.statistics.reason or broken[0].own.reason or "not finite"
    title = f"the stored statistics of {worded(names, len(found))} are invalid"
    message = f"{sentence(title)}: inference mode gives NaN there and everywhere behind."
    evidence = f"{names[0]}: {reason}"
    return _diagnosis("BN203", names, title, message, evidence, refreshing(names, len(found))), _set(names)


def initial(found: Sequence[Judged]) -> Found:
    """BN201: statistics as on the first day, which is why inference is huge."""
    fresh = [one for one in found if one.layer.statistics.state is State.INITIAL]
    if not fresh:
        return None
    names = [one.name for one in fresh]
    title = f"the statistics of {worded(names, len(found))} were never updated"
    worst = max(fresh, key=lambda one: one.score)
    pooled = worst.moments.pooled()
    spread = np.sqrt(np.where(np.isfinite(pooled.variance), pooled.variance, 0.0))
    channel = int(np.argmax(np.hypot(spread, np.nan_to_num(pooled.mean))))
    zero = not worst.variance.any()
    told = (
        "mean 0 and variance 0, as an ExponentialMovingAverage of tensors starts. Inference mode returns "
        "x*gamma/sqrt(epsilon)+beta"
        if zero
        else "mean 0 and variance 1, as on the first day. Inference mode returns x*gamma/sqrt(1+epsilon)+beta"
    )
    message = f"{sentence(title)}: {told} there, which normalizes nothing."
    where = "" if len(fresh) == 1 else f" of {worst.name}"
    evidence = (
        f"{_size(worst)}{f' at {worst.name}' if where else ''}: what channel {channel}{where} normalizes "
        f"has mean {number(float(pooled.mean[channel]))} and standard deviation "
        f"{number(float(spread[channel]))}"
    )
    command = (
        f"train with the update ops run (UPDATE_OPS in TensorFlow 1.x), or {refreshing(names, len(found))}"
    )
    return _diagnosis("BN201", names, title, message, evidence, command), _set(names)


def _size(one: Judged) -> str:
    """How far off a layer is: its score, or W where too few images give it one."""
    if one.own.verdict == "inconclusive":
        return f"W {number(math.sqrt(one.own.mean_w2))}"
    return f"own score {number(one.score)}"


def average(found: Sequence[Judged], momentum: float | None) -> Found:
    """BN404: moving averages that have not got there, in most layers by the same share."""
    fitted: list[tuple[Judged, AverageFit]] = []
    for one in found:
        known = momentum if momentum is not None else one.layer.momentum
        fit = average_fit(one.mean, one.variance, one.moments.pooled(), known)
        if fit is not None:
            fitted.append((one, fit))
    held = [(one, fit) for one, fit in fitted if fit.holds]
    if 2 * len(held) <= len(fitted) or all(one.own.verdict == "fine" for one, _ in held):
        return None
    share = max(float(np.median([fit.a for _, fit in held])), 0.0)
    left = float(np.median([fit.left for _, fit in held]))
    known = momentum if momentum is not None else held[0][0].layer.momentum
    title = f"the moving averages have not converged: they are {percent(share)} of the way"
    message = (
        f"The moving averages have not converged: in {len(held)} of {len(fitted)} layers the stored "
        f"statistics are {percent(share)} of the way from their start (mean and variance "
        f"{held[0][1].start}) to those of the images{_steps([fit.steps for _, fit in held], known)}."
    )
    shares = [fit.a for _, fit in held]
    explained = float(np.median([fit.explained for _, fit in held]))
    evidence = (
        f"one share fits mean and variance alike, {percent(max(min(shares), 0.0))} to "
        f"{percent(max(shares))}, and takes away {percent(explained)} of the gap"
    )
    more = ""
    if known is not None and left > thresholds.LEFT_WHEN_DONE:
        steps = math.log(thresholds.LEFT_WHEN_DONE / left) / math.log(known)
        more = f" for some {math.ceil(steps):,} steps more"
    command = f"train on with the update ops run{more}, or {refreshing([], len(found))}"
    names = [one.name for one, _ in held] if len(fitted) == 1 else []
    return _diagnosis("BN404", names, title, message, evidence, command), _set([one.name for one in found])


def _steps(steps: Sequence[float | None], momentum: float | None) -> str:
    """How many updates that is."""
    known = [step for step in steps if step is not None]
    if momentum is None:
        return " (with --momentum M the number of updates follows)"
    if not known:
        return ""
    return f"; with momentum {momentum:.6g} that is about {float(np.median(known)):,.0f} updates"


def collapsed(found: Sequence[Judged]) -> Found:
    """BN204: channels whose stored variance is all but 0 while the images give them one, where these alone
    make their layer stale."""
    told: list[tuple[Judged, list[int], float]] = []
    for one in found:
        channels = _collapsed_channels(one)
        if channels:
            gain = 1 / np.sqrt(np.maximum(one.variance[channels] + (one.layer.epsilon or 0.0), 1e-300))
            told.append((one, channels, float(gain.max())))
    if not told:
        return None
    names = [one.name for one, _, _ in told]
    worst, channels, steepest = max(told, key=lambda each: each[2])
    title = f"channels of {worded(names, len(found))} have collapsed"
    message = (
        f"{sentence(title)}: their stored variance is all but 0 and that of the images is not, so that "
        f"inference mode multiplies them by up to {number(steepest)}."
    )
    measured = float(worst.moments.pooled().variance[channels].max())
    evidence = (
        f"{worst.name}: channel {listed([str(channel) for channel in channels])} of {len(worst.variance)}, "
        f"stored variance {number(float(worst.variance[channels].min()))}, measured {number(measured)}; the "
        f"median of the layer is {number(float(np.median(worst.variance)))}"
    )
    return _diagnosis("BN204", names, title, message, evidence, refreshing(names, len(found))), _set(names)


def _collapsed_channels(one: Judged) -> list[int]:
    """The collapsed channels, where the rest of the layer fits."""
    extreme = [channel for channel in one.own.extreme_channels if one.own.r[channel] > thresholds.EXTREME_R]
    median = float(np.median(one.variance))
    channels = [channel for channel in extreme if one.variance[channel] <= thresholds.COLLAPSED * median]
    rest = np.delete(one.own.w**2 - one.own.floor, channels)
    if not channels or not rest.size or np.isnan(rest).all():
        return []
    return channels if float(np.nanmean(rest)) < thresholds.WARNING**2 else []


def epsilon(found: Sequence[Judged]) -> Found:
    """BN206: an epsilon that is no longer small beside the variance."""
    wide = []
    for one in found:
        median = float(np.median(one.variance))
        variances = one.moments.pooled().variance
        measured = (
            float(np.median(variances[np.isfinite(variances)])) if np.isfinite(variances).any() else 0.0
        )
        if (one.layer.epsilon or 0.0) >= thresholds.DOMINANT_EPSILON * max(median, measured) and measured > 0:
            wide.append((one, measured))
    if not wide:
        return None
    names = [one.name for one, _ in wide]
    worst, variance = max(wide, key=lambda each: (each[0].layer.epsilon or 0.0) / each[1])
    size = worst.layer.epsilon or 0.0
    title = f"epsilon is not small beside the variance in {worded(names, len(found))}"
    shrunk = math.sqrt(variance / (variance + size))
    message = f"{sentence(title)}, so that normalized values keep less than unit spread, in both modes alike."
    told = f"epsilon {number(size)}, median variance {number(variance)}, a spread of {number(shrunk)}"
    evidence = f"{worst.name}: {told}"
    return _diagnosis("BN206", names, title, message, evidence, None), _set(names)


def refreshing(names: Sequence[str], total: int) -> str:
    """The command that re-estimates statistics: of these layers where they are few, else of all."""
    few = len(names) < total and len(names) <= _FEW_LAYERS
    chosen = "".join(f" --layer {quote(name)}" for name in names) if few else ""
    return f"re-estimate them: bninspect refresh MODEL -o OUT{chosen} --image DIR"


def _diagnosis(
    code: str, names: Sequence[str], title: str, message: str, evidence: str, command: str | None
) -> Diagnosis:
    return Diagnosis(
        code=code,
        layer=names[0] if len(names) == 1 else None,
        title=title,
        message=message,
        evidence=evidence,
        command=command,
    )


def _set(names: Sequence[str]) -> frozenset[str]:
    return frozenset(names)
