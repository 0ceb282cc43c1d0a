"""When two numbers agree. The program and the truth run the same float32 formulas in a different order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

OUTPUTS = 2e-4
"""Of the largest value of the tensor; a wrong mode of one layer shows in 1e-2 and more."""
MOMENTS = 1e-4
"""Of the standard deviation for a mean, of itself for a variance. The bias of a variance over 8 images of
12 x 12 is 9e-4.
"""


def apart(own: Array, truth: Array) -> str | None:
    """How far two tensors differ; None where they agree."""
    own, truth = np.asarray(own, np.float64), np.asarray(truth, np.float64)
    if own.shape != truth.shape:
        return f"shape {list(own.shape)}, not {list(truth.shape)}"
    gap = float(np.abs(own - truth).max())
    size = float(np.abs(truth).max())
    return None if gap <= OUTPUTS * (1e-2 + size) else f"differs by {gap:.3g} where values reach {size:.3g}"


def moments_apart(own: tuple[Array, Array], truth: Array) -> str | None:
    """The same of a mean and a variance for each channel."""
    mean, variance = (np.asarray(part, np.float64).ravel() for part in own)
    if not mean.shape == variance.shape == truth[0].shape:
        return f"{mean.size} channels, not {truth[0].size}"
    size = np.sqrt(truth[1]) + 1e-3 * np.abs(truth[0]) + 1e-3
    mean_gap = np.abs(mean - truth[0]) / size
    variance_gap = np.abs(variance - truth[1]) / (truth[1] + 1e-5 * truth[0] ** 2 + 1e-3)
    if mean_gap.max() > MOMENTS:
        return f"the mean differs by {mean_gap.max():.3g} standard deviations"
    if variance_gap.max() > MOMENTS:
        return f"the variance differs by {variance_gap.max():.3g} of itself"
    return None


def number_apart(own: float | None, truth: float, size: float | None = None) -> str | None:
    """The same of one number, to 1e-3 of `size`, which is its own unless given."""
    if own is None:
        return f"none, not {truth:.6g}"
    allowed = 1e-3 * (abs(truth) if size is None else size) + 1e-6
    return None if abs(own - truth) <= allowed else f"{own:.6g}, not {truth:.6g}"
