"""How sure re-estimated statistics are: the error that the choice of images alone leaves in them.

The floor F of `staleness` is E[W^2] of right statistics against those of I samples. Here the statistics are
those of the samples themselves, so F is the expected squared error of what was estimated, in standard
deviations:

    standard error = sqrt(mean over channels of F)

The samples are the images where what the layer sees of one depends on no other. Else they are the batches,
each with its mean and variance over all its images. Images would not do: behind a layer that normalizes with
the moments of the batch, what the images of a batch have in common is gone, and they differ more than batches
of them do. On the networks of tests/networks (`tests.networks.certainty`) F of images says up to 2.9 times
the error, and F of batches 0.98 to 1.04 of it. F of images, which is too large if anything, serves until
there are enough batches. Only full batches are samples; F is scaled to all values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.statistics.staleness import staleness

if TYPE_CHECKING:
    from bninspect.statistics.moment_sums import MomentSums

ENOUGH_BATCHES = 3
"""From so many on batches are the samples: of two, one error in twenty comes out below 0.7 of what it is."""


def standard_error(
    sums: MomentSums, epsilon: float | None, between: MomentSums | None = None
) -> float | None:
    """The standard error of the moments of these images, in standard deviations (with epsilon).

    `between` has every full batch as one sample; None: only images are known. None is returned for fewer than
    two samples, and if no channel has finite moments.
    """
    samples = sums if between is None or between.images < ENOUGH_BATCHES else between
    if samples.images < 2:
        return None
    moments = sums.pooled()
    found = staleness(moments.mean, moments.variance, epsilon, None, samples)
    if found.score is None:
        return None
    return math.sqrt(found.mean_floor * samples.moments.values / moments.values)
