"""What a probe measured at the outputs of a model: how far the two modes lie apart there, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.statistics import thresholds
from bninspect.text import percent

if TYPE_CHECKING:
    from bninspect.measure.facts import OutputDifference, Probe
    from bninspect.statistics.distance import Difference


def worst_output(probe: Probe) -> OutputDifference | None:
    """The output whose modes disagree most; None where they agree, or where they cannot be compared because
    training mode saw one value per channel.
    """
    if any(layer.single for layer in probe.layers):
        return None
    disagreeing = [output for output in probe.outputs if _disagree(output.difference)]
    return max(disagreeing, key=lambda output: output.difference.relative_l2, default=None)


def effect(output: OutputDifference) -> str:
    """How far the two modes of an output are apart."""
    difference = output.difference
    if not math.isfinite(difference.relative_l2):
        return f"at {output.name} one of the modes is not finite"
    words = f"at {output.name} the modes are {_relative(difference.relative_l2)} apart"
    if difference.top1_agreement is not None and difference.top1_agreement < 1:
        words += f", and the top-1 flips for {percent(1 - difference.top1_agreement)} of the images"
    return words


def _disagree(difference: Difference) -> bool:
    """Whether the two modes disagree; those that are not finite do."""
    agreement = difference.top1_agreement
    flipped = agreement is not None and agreement <= 1 - thresholds.TOP1_FLIPPED
    return flipped or not difference.relative_l2 < thresholds.OUTPUTS_APART


def _relative(share: float) -> str:
    """`80 % of its size`, `165 times its size`."""
    return f"{percent(share)} its size" if share >= 10 else f"{percent(share)} of its size"
