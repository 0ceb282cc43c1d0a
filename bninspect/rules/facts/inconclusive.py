"""What the images of a probe leave open, and what would decide it: in words, and never passed for a
verdict.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.rules.facts.measurements import evidence, undecided
from bninspect.statistics import thresholds
from bninspect.statistics.staleness import staleness
from bninspect.text import counted, listed, number
from bninspect.text import layers as worded

if TYPE_CHECKING:
    from bninspect.measure.facts import Probe
    from bninspect.rules.facts.measurements import LayerEvidence


def left_open(probe: Probe) -> str:
    """What cannot be said of stored statistics on these images; empty where nothing is left open."""
    return " ".join(filter(None, (degenerate(probe), inconclusive(probe))))


def degenerate(probe: Probe) -> str:
    """The layers at which the two modes cannot be compared; empty where they can everywhere."""
    names = [one.layer.name for one in probe.layers if one.single]
    if not names:
        return ""
    return (
        f"Degenerate comparison: {listed(names)}. Training mode sees one value per channel in a batch, "
        "and gives beta whatever the input. Give more images in a batch (--batch-size)."
    )


def inconclusive(probe: Probe) -> str:
    """What too few images leave open, and how many would do; empty where nothing is left open."""
    open_ = undecided(probe)
    if not open_:
        return ""
    total = len(evidence(probe))
    who = worded([one.name for one in open_], total)
    count = open_[0].own.images
    if count == 0 or all(one.own.score is None for one in open_):
        return f"Inconclusive: {who}, whose input is not finite on these images."
    if count == 1:
        limit = math.sqrt(thresholds.SIGNIFICANT * thresholds.SINGLE_IMAGE_FLOOR)
        return (
            f"Inconclusive: {who}. One image shows an error of {limit:.1f} standard deviations or more, as "
            f"of statistics never updated or a wrong scale; smaller ones take {thresholds.GOOD_START} "
            "images or more (--image FOLDER)."
        )
    floor = max(_noise_of_images(one) for one in open_)
    if floor < thresholds.DECIDABLE:
        return (
            f"Inconclusive: {who}. In batches so small the layers before bend what they hand on, whatever "
            "the images; larger batches would do (--batch-size)."
        )
    wanted = images_needed(count, floor)
    return (
        f"Inconclusive: {who}. {counted(count, 'image')} leave a noise of up to {number(math.sqrt(floor))} "
        f"standard deviations; about {wanted:,} would do."
    )


def _noise_of_images(layer: LayerEvidence) -> float:
    """Mean F of the choice of images alone."""
    return staleness(layer.mean, layer.variance, layer.layer.epsilon, None, layer.moments).mean_floor


def images_needed(images: int, floor: float) -> int:
    """How many images bring this mean noise floor, which falls as 1/images, under what decides."""
    exact = images * floor / thresholds.DECIDABLE
    step = 10 ** max(0, math.floor(math.log10(max(exact, 1.0))) - 1)
    return max(images + 1, int(math.ceil(exact / step) * step))
