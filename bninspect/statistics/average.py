"""Whether stored statistics are a moving average that has not got there: how far it came, and in how many
steps.

After k updates with momentum m, from a start at mean 0 and variance s, on batches whose moments are mu, v:

    moving_mean = a mu        moving_variance = (1 - a) s + a v        a = 1 - m^k

s is 1 for a layer's own variables, and 0 for an ExponentialMovingAverage of tensors. Fitted by least squares
over the channels, weighted so that every channel counts in its own standard deviations (mean by 1/v, variance
by 1/(4 v^2), as sqrt(v) moves by dv/(2 sqrt(v))); plain products <mu_r, mu>/<mu, mu> would hear the widest
channel alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.statistics import thresholds
from bninspect.statistics.median import median

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bninspect.statistics.pooling import Moments

    Floats = NDArray[np.float64]

Start = Literal["0/1", "0/0"]
_STARTS: tuple[tuple[Start, float], ...] = (("0/1", 1.0), ("0/0", 0.0))


@frozen_dataclass
class AverageFit:
    """The better of the two starts."""

    start: Start
    """Mean and variance the average began at."""
    a_mean: float | None
    """The share fitted to the means alone; None where they are all but 0, so that nothing can be fitted to
    them."""
    a_variance: float | None
    """To the variances alone; None where they are all but the start's."""
    a: float
    """To both together: 0 never updated, 1 converged."""
    left: float
    """1 - a, the share of the start that is left, within 0 to 1."""
    explained: float
    """Share of the squared gap between stored and measured statistics that the fit takes away; 1 where there
    is none."""
    steps: float | None
    """k = ln(1 - a)/ln m; None without a momentum, or where nothing of the start is left."""
    holds: bool
    """Whether it is an average that has not converged: one share for both, below CONVERGED, that explains the
    gap."""


def average_fit(
    moving_mean: ArrayLike, moving_variance: ArrayLike, moments: Moments, momentum: float | None = None
) -> AverageFit | None:
    """The fit of stored statistics to moments taken with all layers in training mode; None where there is
    nothing to fit.

    Channels whose numbers are not finite, or whose measured variance is 0, are left out.
    """
    arrays = (moving_mean, moving_variance, moments.mean, moments.variance)
    mean, variance, mu, v = (np.asarray(array, np.float64) for array in arrays)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(mean) & np.isfinite(variance) & np.isfinite(mu) & np.isfinite(v) & (v > 0)
    mean, variance, mu, v = (array[usable] for array in (mean, variance, mu, v))
    fits = [_fit(name, start, mean, variance, mu, v, momentum) for name, start in _STARTS]
    found = [fit for fit in fits if fit is not None]
    return max(found, key=lambda fit: fit.explained, default=None)


def _fit(
    name: Start, start: float, mean: Floats, variance: Floats, mu: Floats, v: Floats, momentum: float | None
) -> AverageFit | None:
    """The fit from one start: stored minus start against measured minus start, in standard deviations."""
    spread = np.sqrt(v)
    of_mean, to_mean = mean / spread, mu / spread
    of_variance, to_variance = (variance - start) / (2 * v), (v - start) / (2 * v)
    a = _share(np.concatenate([of_mean, of_variance]), np.concatenate([to_mean, to_variance]))
    if a is None:
        return None
    a_mean, a_variance = _share(of_mean, to_mean), _share(of_variance, to_variance)
    explained = _explained(a, of_mean, to_mean, of_variance, to_variance)
    agree = a_mean is None or a_variance is None or abs(a_mean - a_variance) < thresholds.FIT_AGREES
    left = min(max(1 - a, 0.0), 1.0)
    steps = None
    if momentum is not None and 0 < momentum < 1 and left > 0:
        steps = max(0.0, math.log(left) / math.log(momentum))
    return AverageFit(
        start=name,
        a_mean=a_mean,
        a_variance=a_variance,
        a=a,
        left=left,
        explained=explained,
        steps=steps,
        holds=agree
        and a < thresholds.CONVERGED
        and explained >= thresholds.FIT_EXPLAINS
        and _missed(a, start, mean, variance, mu, v) <= thresholds.FIT_MISSES,
    )


def _missed(a: float, start: float, mean: Floats, variance: Floats, mu: Floats, v: Floats) -> float:
    """How far the fitted average is from what is stored, in the median channel.

    In the narrower of both standard deviations, fitted and stored: beside an input 255 times too wide, any
    statistics look like the start. 0 where nothing is left to tell, as at a start of 0/0.
    """
    fitted = (1 - a) * start + a * v
    with np.errstate(divide="ignore", invalid="ignore"):
        narrow = np.minimum(fitted, variance)
        gap = np.hypot((mean - a * mu) / np.sqrt(narrow), (variance - fitted) / (2 * narrow))
    gap = gap[np.isfinite(gap)]
    return median(gap) if gap.size else 0.0


def _share(of: Floats, to: Floats) -> float | None:
    """<of, to>/<to, to>; None where `to` is too small to tell."""
    length = float(to @ to)
    if length <= thresholds.FIT_DETERMINED**2 * max(len(to), 1):
        return None
    return float(of @ to) / length


def _explained(a: float, of_mean: Floats, to_mean: Floats, of_variance: Floats, to_variance: Floats) -> float:
    """1 - |residual|^2/|gap|^2."""
    gap = float(((of_mean - to_mean) ** 2).sum() + ((of_variance - to_variance) ** 2).sum())
    residual = float(((of_mean - a * to_mean) ** 2).sum() + ((of_variance - a * to_variance) ** 2).sum())
    return 1.0 if gap == 0 else 1 - residual / gap
