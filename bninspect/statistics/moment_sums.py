"""Moments of a set of images, and how much the images differ, without keeping the images.

What `pooling.ImageMoments` tells of images that are all at hand, from sums that grow by one batch at a time,
so that a million images cost the memory of one. With m_i, v_i the mean and the biased variance of one channel
in image i, K a fixed number near the means and c_i = m_i - K, the sums over the images of

    c, c^2, c^3, c^4, v, v c, v c^2, v^2

give the variances between images of m_i and of q_i = v_i + (m_i - mean)^2, for the mean of the whole set,
which is known only at the end. Sums around another K follow from these. The moments themselves are merged by
Chan's formula (`pooling.merged`), and no sum of squares stands behind them. All in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.statistics.pooling import ImageMoments, Moments, merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SUMS = 8
"""How many sums there are."""


@frozen_dataclass(eq=False)
class MomentSums:
    """The sums over a set of images, as far as one layer sees it."""

    moments: Moments
    """Of all values of all images together."""
    images: int
    origin: Floats
    """K, shape (channels,)."""
    powers: Floats
    """Shape (8, channels), in the order above."""

    @classmethod
    def of(cls, images: ImageMoments) -> MomentSums:
        """The same of images at hand."""
        pooled = images.pooled()
        with np.errstate(invalid="ignore", over="ignore"):
            c, v = images.mean - pooled.mean, images.variance
            c2 = c * c
            parts = (c, c2, c2 * c, c2 * c2, v, v * c, v * c2, v * v)  # c**3 takes ten times as long
            powers = np.stack([part.sum(axis=0) for part in parts])
        return cls(moments=pooled, images=images.images, origin=pooled.mean, powers=powers)

    def as_one(self) -> MomentSums:
        """The whole set as one sample, for how much such sets differ."""
        moments = self.moments
        return MomentSums.of(ImageMoments.of(moments.mean[None], moments.variance[None], moments.values))

    def pooled(self) -> Moments:
        """The moments of all images together."""
        return self.moments

    def of_means(self) -> Floats:
        """var(m_i), with I - 1; shape (channels,). There must be two images."""
        c, c2 = self.powers[0], self.powers[1]
        found: Floats = np.maximum(c2 - c * c / self.images, 0.0) / (self.images - 1)
        return found

    def of_squares(self) -> Floats:
        """var(q_i), with I - 1; shape (channels,). There must be two images."""
        around = self._around(self.moments.mean)
        _, c2, _, c4, v, _, vc2, v2 = around
        q, q2 = v + c2, v2 + 2 * vc2 + c4
        found: Floats = np.maximum(q2 - q * q / self.images, 0.0) / (self.images - 1)
        return found

    def _around(self, origin: Floats) -> Floats:
        """The sums around another K: c' = c + t with t = K - K'."""
        t = self.origin - origin
        t2 = t * t
        c, c2, c3, c4, v, vc, vc2, v2 = self.powers
        count = self.images
        return np.stack([
            c + count * t,
            c2 + 2 * t * c + count * t2,
            c3 + 3 * t * c2 + 3 * t2 * c + count * t2 * t,
            c4 + 4 * t * c3 + 6 * t2 * c2 + 4 * t2 * t * c + count * t2 * t2,
            v,
            vc + t * v,
            vc2 + 2 * t * vc + t2 * v,
            v2,
        ])  # fmt: skip

    @classmethod
    def merged(cls, parts: Sequence[MomentSums]) -> MomentSums:
        """All images of all parts, in any order but for rounding. Raises ValueError for no value."""
        with np.errstate(invalid="ignore", over="ignore"):
            moments = merged([part.moments for part in parts])
            powers = np.sum([part._around(parts[0].origin) for part in parts], axis=0)
        return cls(
            moments=moments,
            images=sum(part.images for part in parts),
            origin=parts[0].origin,
            powers=powers,
        )
