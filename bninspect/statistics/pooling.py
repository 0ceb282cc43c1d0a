"""Moments of a layer's x: of every image apart, and of all of them together.

Pooled over I images of as many values each, m_i and v_i the mean and the biased variance of one channel in
one image:

    mean = mean(m_i)        variance = mean(v_i) + mean((m_i - mean)^2)

which is what training mode normalizes with (the biased variance), and, over batches of unequal size, Chan's
merge (Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample
variances"). Wu & Johnson 2021 (arXiv:2105.07576) re-estimate statistics so. All in float64, whatever the
model computes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@frozen_dataclass(eq=False)
class Moments:
    """Mean and biased variance of every channel."""

    mean: Floats
    """Shape (channels,)."""
    variance: Floats
    """Shape (channels,)."""
    values: int
    """Over how many values of one channel they are taken."""


@frozen_dataclass(eq=False)
class ImageMoments:
    """The same of every image apart. A layer without spatial axes has one value per image, and variance 0."""

    mean: Floats
    """Shape (images, channels)."""
    variance: Floats
    """Shape (images, channels)."""
    values: int
    """How many values of one channel one image has."""

    @classmethod
    def of(cls, mean: ArrayLike, variance: ArrayLike, values: int) -> ImageMoments:
        """From arrays of any real dtype, shape (images, channels); raises ValueError for other shapes."""
        means, variances = np.asarray(mean, np.float64), np.asarray(variance, np.float64)
        if means.ndim != 2 or means.shape != variances.shape:
            raise ValueError(
                f"moments of shapes {means.shape} and {variances.shape}, expected (images, channels)"
            )
        return cls(mean=means, variance=variances, values=values)

    @property
    def images(self) -> int:
        """How many images there are."""
        return len(self.mean)

    def pooled(self) -> Moments:
        """The moments of all images together; zeros over no values where there is no image."""
        if not self.images:
            nothing = np.zeros(self.mean.shape[1])
            return Moments(mean=nothing, variance=nothing, values=0)
        with np.errstate(invalid="ignore", over="ignore"):
            mean = self.mean.mean(axis=0)
            variance = self.variance.mean(axis=0) + ((self.mean - mean) ** 2).mean(axis=0)
        return Moments(mean=mean, variance=variance, values=self.images * self.values)

    def of_means(self) -> Floats:
        """var(m_i), with I - 1; shape (channels,). There must be two images."""
        found: Floats = self.mean.var(axis=0, ddof=1)
        return found

    def of_squares(self) -> Floats:
        """var(q_i) of q_i = v_i + (m_i - mean)^2, with I - 1; shape (channels,). There must be two images."""
        found: Floats = (self.variance + (self.mean - self.pooled().mean) ** 2).var(axis=0, ddof=1)
        return found

    def grouped(self, images: int) -> ImageMoments:
        """Of `images` images, where the rows are equal parts of them in order (frames, crops, tokens of one
        image).

        Parts of one image are no independent samples. Raises ValueError where the rows do not divide evenly.
        """
        if images < 1 or self.images % images:
            raise ValueError(f"{self.images} rows are not equal parts of {images} images")
        parts = self.images // images
        shape = images, parts, self.mean.shape[1]
        means = self.mean.reshape(shape)
        mean = means.mean(axis=1)
        inside = self.variance.reshape(shape).mean(axis=1)
        variance = inside + ((means - mean[:, None]) ** 2).mean(axis=1)
        return ImageMoments(mean=mean, variance=variance, values=self.values * parts)


def concatenated(parts: Sequence[ImageMoments]) -> ImageMoments:
    """The images of all parts in order. Raises ValueError for no part, or images of unequal sizes or
    channels."""
    if len({(part.values, part.mean.shape[1]) for part in parts}) != 1:
        sizes = ", ".join(f"{part.values}x{part.mean.shape[1]}" for part in parts) or "nothing"
        raise ValueError(f"moments of images of one size are wanted (values x channels), not of {sizes}")
    return ImageMoments(
        mean=np.concatenate([part.mean for part in parts]),
        variance=np.concatenate([part.variance for part in parts]),
        values=parts[0].values,
    )


def merged(parts: Sequence[Moments]) -> Moments:
    """The moments of all values of all parts, of any sizes, independent of the order beyond rounding.

    mean = sum(n_j mean_j)/n, variance = sum(n_j (variance_j + (mean_j - mean)^2))/n. Raises ValueError for no
    value.
    """
    values = sum(part.values for part in parts)
    if not values:
        raise ValueError("there is no value to take moments of")
    parts = [part for part in parts if part.values]
    weights = np.array([part.values / values for part in parts])[:, None]
    means = np.stack([part.mean for part in parts])
    variances = np.stack([part.variance for part in parts])
    mean = (weights * means).sum(axis=0)
    variance = (weights * (variances + (means - mean) ** 2)).sum(axis=0)
    return Moments(mean=mean, variance=variance, values=values)
