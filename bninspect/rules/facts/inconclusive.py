"""What the images of a probe leave open, and what would decide it: in words, and never passed for a
verdict.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.rules.facts.measurements import evidence, undecided
from bninspect.statistics import thresholds
from bninspect.statistics.staleness import staleness
from bninspect.text import layers as worded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.measure.facts import Probe
    from bninspect.rules.facts.measurements import LayerEvidence


def left_open(probe: Probe) -> str:
    """What cannot be said of stored statistics on these images, and what would do, as a clause; empty if
    nothing is left open.
    """
    return "; ".join(filter(None, (degenerate(probe), inconclusive(probe))))


def degenerate(probe: Probe) -> str:
    """The layers at which the two modes cannot be compared; empty if they can everywhere."""
    names = [one.layer.name for one in probe.layers if one.single]
    if not names:
        return ""
    return (
        f"one value per channel in a batch says nothing about {_these(names, len(probe.layers))}: training "
        "mode gives beta whatever the input; give a batch of several (--batch-size)"
    )


def inconclusive(probe: Probe) -> str:
    """What too few images leave open, and how many would do; empty if nothing is left open."""
    open_ = undecided(probe)
    if not open_:
        return ""
    who = _these([one.name for one in open_], len(evidence(probe)))
    count = open_[0].own.images
    if count == 0 or all(one.own.score is None for one in open_):
        return f"the input of {who} is not finite on these images"
    floor = max(_noise_of_images(one) for one in open_)
    if count > 1 and floor < thresholds.DECIDABLE:
        return (
            f"batches so small bend the input of {who}, whatever the images; give larger batches "
            "(--batch-size)"
        )
    images = "1 image is" if count == 1 else f"{count:,} images are"
    wanted = f"{thresholds.GOOD_START} or more" if count == 1 else f"about {images_needed(count, floor):,}"
    return f"{images} too few to judge {who}; give {wanted}"


def _these(names: Sequence[str], total: int) -> str:
    """`bn`, `these 32 layers`, `2 of 6 layers (a, b)`."""
    return f"these {total:,} layers" if 1 < len(names) == total else worded(names, total)


def _noise_of_images(layer: LayerEvidence) -> float:
    """Mean F of the choice of images alone."""
    return staleness(layer.mean, layer.variance, layer.layer.epsilon, None, layer.moments).mean_floor


def images_needed(images: int, floor: float) -> int:
    """How many images bring this mean noise floor, which falls as 1/images, under what decides; two
    digits of the number, rounded up.
    """
    exact = images * floor / thresholds.DECIDABLE
    step = 10 ** max(0, len(str(int(exact))) - 2)
    return max(images + 1, int(math.ceil(exact / step) * step))
