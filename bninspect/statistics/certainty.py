"""How sure re-estimated statistics are: the error that the choice of images alone leaves in them.

The floor F of `staleness` is E[W^2] of right statistics against those of I images. Here the statistics are
those of the images themselves, so F is the expected squared error of what was estimated, in standard
deviations:

    standard error = sqrt(mean over channels of F)

It falls as one over the root of the images. Images, not pixels, are the samples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.statistics.staleness import staleness

if TYPE_CHECKING:
    from bninspect.statistics.spread import Spread


def standard_error(spread: Spread, epsilon: float | None) -> float | None:
    """The standard error of the moments of these images, in standard deviations (with epsilon).

    None for fewer than two images, and if no channel has finite moments.
    """
    if spread.images < 2:
        return None
    moments = spread.pooled()
    found = staleness(moments.mean, moments.variance, epsilon, None, spread)
    return None if found.score is None else math.sqrt(found.mean_floor)
