"""What a probe measured at the outputs of a model: how far the two modes lie apart there, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.statistics import thresholds
from bninspect.text import percent

if TYPE_CHECKING:
    from bninspect.measure.facts import OutputDifference, Probe


def worst_output(probe: Probe) -> OutputDifference | None:
    """The output whose modes disagree most; None if they agree, or cannot be compared because training mode
    saw one value per channel.
    """
    if any(layer.single for layer in probe.layers):
        return None
    return max((output for output in probe.outputs if _disagree(output)), key=distance, default=None)


def distance(output: OutputDifference) -> float:
    """What outputs are ordered by: the difference over the size in training mode, infinite if one mode is not
    finite; of whole numbers the share that differs.
    """
    if output.difference is None:
        return 1 - (1.0 if output.agreement is None else output.agreement)
    relative = output.difference.relative_l2
    return relative if math.isfinite(relative) else math.inf


def effect(output: OutputDifference) -> str:
    """How far the two modes of an output differ, as a clause."""
    difference = output.difference
    if difference is None:
        return f"{output.name} agrees in {percent(output.agreement or 0.0)} of its values"
    if not math.isfinite(difference.relative_l2):
        return f"{output.name} is not finite in one of the modes"
    words = f"{output.name} differs by {relative(difference.relative_l2)}"
    if difference.top1_agreement is not None and difference.top1_agreement < 1:
        flipped = 1 - difference.top1_agreement
        whose = "every image" if flipped == 1 else f"{percent(flipped)} of the images"
        words += f", and its top-1 changes for {whose}"
    return words


def relative(share: float) -> str:
    """`80 % of its training-mode RMS`, `165x its training-mode RMS`."""
    return (
        f"{share:,.0f}x its training-mode RMS"
        if share >= 10
        else f"{percent(share)} of its training-mode RMS"
    )


def _disagree(output: OutputDifference) -> bool:
    """Whether the two modes disagree; those that are not finite do."""
    difference = output.difference
    if difference is None:
        return output.agreement is not None and output.agreement <= 1 - thresholds.TOP1_FLIPPED
    agreement = difference.top1_agreement
    flipped = agreement is not None and agreement <= 1 - thresholds.TOP1_FLIPPED
    return flipped or not difference.relative_l2 < thresholds.OUTPUTS_APART
