"""How far stored statistics are from those of the images at hand, and how much of that is the choice of
images.

Per channel: stored mean and variance mu_r, v_r; measured mu_b, v_b over I images; epsilon e of the layer:

    d = (mu_b - mu_r)/sqrt(v_r + e)    r = sqrt((v_b + e)/(v_r + e))     Ioffe 2017, arXiv:1702.03275
    y_inference - y_training = gamma ((r - 1) xhat + d)                  so its root mean square is |gamma| W,
    W = sqrt(d^2 + (r - 1)^2)           KL = (r^2 + d^2 - 1 - ln r^2)/2

W is also the 2-Wasserstein distance of the two normals over sqrt(v_r + e). The noise floor F is E[W^2] where
the stored statistics are right. Pixels of one image are correlated, so the images are the samples: m_i and
v_i of image i, q_i = v_i + (m_i - mu_b)^2, var with I - 1, s^2 = var(m_i):

    F = (s^2 + (var(q_i) + 5 s^4 (I - 1)/(I (I + 1)))/(4 (v_b + s^2/I + e)))/(I (v_r + e))
    F = 1.5 for I = 1

The terms in s^4 and s^2/I undo what taking m_i against mu_b instead of the true mean loses, for normal m_i:
of var((m_i - mu)^2) = 2 s^4 only 1 - 2/I is left (nothing for two images), and v_b is too small by s^2/I.
Measured on 2 images of 16 pixels, half of their variance between images: E[W^2] = 0.333, F = 0.306, and 0.269
without them; with 64 images both agree.

    S = sqrt(max(0, mean over channels of (W^2 - F)))

Where layers before this one ran in training mode, F has one more term: normalizing n values with their own
moments bends what comes out, whatever the images, so that more of them do not help. With n the fewest values
of a channel that any of those layers had in one batch, that term is (2/n)^2 (see `thresholds.BENT`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.statistics import thresholds
from bninspect.statistics.median import median

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bninspect.statistics.moment_sums import MomentSums
    from bninspect.statistics.pooling import ImageMoments, Moments

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Verdict = Literal["fine", "note", "warning", "error", "inconclusive"]


class Worst(NamedTuple):
    """One channel and its errors."""

    channel: int
    d: float
    r: float
    w: float


@frozen_dataclass(eq=False)
class Staleness:
    """What the images say of one layer's stored statistics. Arrays have one value per channel, nan where it
    has none."""

    d: Floats
    """Shape (channels,): error of the mean, in stored standard deviations."""
    r: Floats
    """Shape (channels,): measured over stored standard deviation."""
    w: Floats
    """Shape (channels,): W = sqrt(d^2 + (r - 1)^2)."""
    kl: Floats
    """Inf where r is 0."""
    floor: Floats
    """F."""
    images: int
    """How many images were measured."""
    values: int
    """Over how many values of one channel the moments are taken."""
    score: float | None
    """S over the channels that have one; None where no channel has."""
    score_error: float | None
    """How far S may be off by the choice of images (`_score_error`); None where there is no score."""
    mean_w2: float
    """Mean of W^2 over the channels that have one."""
    mean_floor: float
    """Mean of F over these channels."""
    significant: bool
    """Whether the images chosen do not explain it."""
    verdict: Verdict
    """fine, note, warning, error or inconclusive."""
    reason: str | None
    """What is wrong with the numbers themselves (not finite, no variance), or why nothing can be said; else
    None."""
    worst: Worst | None
    """The channel of the largest W; None where no channel has one."""
    extreme_channels: tuple[int, ...]
    """Channels beyond the clips of Batch Renormalization by more than the images explain, and with a gamma
    that counts."""

    @property
    def is_wrong(self) -> bool:
        """Whether the verdict makes the error the layer's own: a warning or an error."""
        return self.verdict in ("warning", "error")

    @property
    def fits(self) -> bool:
        """Whether the stored statistics fit: fine, or worth a note."""
        return self.verdict in ("fine", "note")


def staleness(
    moving_mean: ArrayLike,
    moving_variance: ArrayLike,
    epsilon: float | None,
    gamma: ArrayLike | None,
    moments: ImageMoments | MomentSums,
    fewest: int | None = None,
) -> Staleness:
    """Stored statistics, shape (channels,) each, against measured ones. An epsilon that is None counts as 0.

    `fewest` is n of the layers before, None where there is none or they ran on stored statistics.
    Raises ValueError where the shapes do not agree.
    """
    mean, variance = np.asarray(moving_mean, np.float64), np.asarray(moving_variance, np.float64)
    pooled = moments.pooled()
    if not mean.shape == variance.shape == pooled.mean.shape:
        raise ValueError(
            f"statistics of {mean.shape} and {variance.shape} against moments of {pooled.mean.shape}"
        )
    epsilon = epsilon or 0.0
    with np.errstate(all="ignore"):
        usable_stored = np.isfinite(mean) & np.isfinite(variance) & (variance + epsilon > 0)
        usable_measured = np.isfinite(pooled.mean) & np.isfinite(pooled.variance) & (moments.images > 0)
        usable = usable_stored & usable_measured
        scale = np.where(usable, variance + epsilon, np.nan)
        d, r, w = gaps(mean, scale, pooled.mean, pooled.variance + epsilon)
        kl = (r * r + d * d - 1 - np.log(r * r)) / 2
        bent = (thresholds.BENT / fewest) ** 2 if fewest else 0.0
        floor = np.where(usable, _floor(moments, pooled, scale, epsilon) + bent, np.nan)
    mean_w2, mean_floor = (float(np.mean(part[usable])) if usable.any() else 0.0 for part in (w * w, floor))
    score = float(np.sqrt(max(0.0, mean_w2 - mean_floor))) if usable.any() else None
    significant = mean_w2 > _factor(moments.images) * mean_floor
    reason = _reason(variance, usable_stored, usable_measured)
    return Staleness(
        d=d,
        r=r,
        w=w,
        kl=kl,
        floor=floor,
        images=moments.images,
        values=pooled.values,
        score=score,
        score_error=None if score is None else _score_error(score, mean_floor),
        mean_w2=mean_w2,
        mean_floor=mean_floor,
        significant=significant,
        verdict=_verdict(score, mean_floor, significant, usable_stored, usable_measured),
        reason=reason,
        worst=_worst(d, r, w),
        extreme_channels=_extreme(d, r, w, _cautious(floor, moments.images), gamma),
    )


def gaps(
    mean: Floats, scale: Floats, other_mean: Floats, other_scale: Floats
) -> tuple[Floats, Floats, Floats]:
    """(d, r, W) per channel of a mean and a variance + epsilon against others; nan where the scale is nan."""
    d = (other_mean - mean) / np.sqrt(scale)
    r = np.sqrt(other_scale / scale)
    return d, r, np.hypot(d, r - 1)


def _floor(
    moments: ImageMoments | MomentSums, pooled: Moments, scale: Floats, epsilon: float
) -> Floats | float:
    """F per channel (see the head of this file)."""
    images = moments.images
    if images < 2:
        return thresholds.SINGLE_IMAGE_FLOOR
    s2 = moments.of_means()
    spread = moments.of_squares() + 5 * s2 * s2 * (images - 1) / (images * (images + 1))
    root = 4 * (pooled.variance + s2 / images + epsilon)
    of_variance = np.divide(spread, root, out=np.zeros_like(spread), where=root > 0)
    floor: Floats = (s2 + of_variance) / scale / images
    return floor


def _score_error(score: float, mean_floor: float) -> float:
    """The standard error of S, upwards: sqrt(S^2 + s) - S with s^2 = 2 S^2 F + F^2.

    s is the standard deviation of W^2 where d and r - 1 have errors of variance F/2 each that all channels
    share: the images are the same for all of them. It is sqrt(F) at S = 0 and sqrt(F/2) where S is large.
    """
    spread = math.sqrt(2 * score * score * mean_floor + mean_floor * mean_floor)
    return math.sqrt(score * score + spread) - score


def _factor(images: int) -> float:
    """How many mean F the mean W^2 must exceed."""
    return thresholds.SIGNIFICANT * ((images / (images - 1)) ** 3 if images > 1 else 1.0)


def _verdict(
    score: float | None, mean_floor: float, significant: bool, stored: Flags, measured: Flags
) -> Verdict:
    if not stored.all():
        return "error"
    if score is None:
        return "inconclusive"
    if not significant:
        clear = mean_floor < thresholds.DECIDABLE and score < thresholds.UNDECIDED
        return "fine" if clear and measured.all() else "inconclusive"
    if score >= thresholds.ERROR:
        return "error"
    if score >= thresholds.WARNING:
        return "warning"
    if score >= thresholds.NOTE:
        return "note"
    return "fine" if measured.all() else "inconclusive"


def _reason(variance: Floats, stored: Flags, measured: Flags) -> str | None:
    """What is wrong with the numbers, the worst first."""
    channels = len(variance)
    if not stored.all():
        wrong = int((~stored).sum())
        return (
            f"{wrong} of {channels} channels: stored statistics not finite, or variance + epsilon not above 0"
        )
    if not measured.all():
        wrong = int((~measured).sum())
        return f"{wrong} of {channels} channels: what the layer normalizes is not finite on these images"
    if (variance < 0).any():
        return f"{int((variance < 0).sum())} of {channels} channels: the stored variance is negative"
    return None


def _worst(d: Floats, r: Floats, w: Floats) -> Worst | None:
    if np.isnan(w).all():
        return None
    channel = int(np.nanargmax(w))
    return Worst(channel, float(d[channel]), float(r[channel]), float(w[channel]))


def _cautious(floor: Floats, images: int) -> Floats:
    """At least the layer's mean F, and the floor of one image over I.

    F of a channel that is silent on these images is 0. Of 256 channels with right statistics, each active on
    0.1 % to 100 % of the images, 22 % are outside the clips on two images and 8 % on eight; 21 % and 7.5 %
    are beyond 10 F as well, and fewer than 0.1 % beyond 10 of this.
    """
    if not np.isfinite(floor).any():
        return floor
    alone = thresholds.SINGLE_IMAGE_FLOOR / images
    return np.maximum(floor, max(float(np.nanmean(floor)), alone))


def _extreme(d: Floats, r: Floats, w: Floats, floor: Floats, gamma: ArrayLike | None) -> tuple[int, ...]:
    """Outside the clips, significantly, and not pruned away."""
    with np.errstate(invalid="ignore"):
        outside = (
            (np.abs(d) > thresholds.EXTREME_D) | (r > thresholds.EXTREME_R) | (r < 1 / thresholds.EXTREME_R)
        )
        found = outside & (w * w > thresholds.EXTREME_SIGNIFICANT * floor)
        if gamma is not None:
            weight = np.abs(np.broadcast_to(np.asarray(gamma, np.float64), w.shape))
            found &= weight > thresholds.DEAD_GAMMA * median(weight)
    return tuple(int(channel) for channel in np.flatnonzero(found))
