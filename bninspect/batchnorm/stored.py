"""The stored statistics of a layer: where they are, and what state they are in."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.layer import State, Statistics, StoredStatistics
from bninspect.errors import CutShortError, GraphDefError
from bninspect.graph.ops import VARIABLES
from bninspect.graph.trace import stored_value

if TYPE_CHECKING:
    from bninspect.batchnorm.layer import MovingStatistics
    from bninspect.graphdef import TensorValue

UNREAD_VARIABLES = "they are in variables, which were not read"
EMPTY = "what should hold them is empty"
NO_VALUE = "a constant without a value"
NOT_IN_CHECKPOINT = "they are in variables that the checkpoint does not hold"

Range = tuple[float | None, float | None]
_FEW = 32
"""Values of which Python finds the bounds before NumPy has begun to."""


def stored_statistics(moving: MovingStatistics) -> Statistics:
    """The state of the statistics that are kept there."""
    for tensor in (moving.mean, moving.variance):
        node = tensor.node
        if node.op in VARIABLES and node.stored is None:
            return Statistics(state=State.UNREAD, reason=UNREAD_VARIABLES)
        if node.op != "Const" and node.stored is None:
            return Statistics(
                state=State.UNREAD, reason=f"they are given by {node.op} {node.label} when the model runs"
            )
    values = stored_value(moving.mean.node), stored_value(moving.variance.node)
    if values[0] is None or values[1] is None:
        return Statistics(state=State.UNREAD, reason=NO_VALUE)
    if not values[0].size or not values[1].size:
        return Statistics(state=State.ABSENT, reason=EMPTY)
    try:
        ranges = _range(values[0]), _range(values[1])
    except CutShortError:
        raise
    except GraphDefError as error:
        return Statistics(state=State.INVALID, reason=str(error))
    state, reason = _state(values[0], values[1], *ranges)
    held = StoredStatistics(
        mean=values[0], variance=values[1], mean_range=ranges[0], variance_range=ranges[1]
    )
    return Statistics(state=state, reason=reason, values=held)


def _state(
    mean: TensorValue, variance: TensorValue, means: Range, variances: Range
) -> tuple[State, str | None]:
    """initial (0 and 1; or 0 and 0, as an average of tensors starts), stored, or invalid and why."""
    lowest = variances[0]
    if lowest is None or None in (*means, *variances):
        alike = mean.shape == variance.shape
        broken = int((~np.isfinite(mean.reals()) | ~np.isfinite(variance.reals())).sum()) if alike else 0
        return State.INVALID, f"{broken or 'some'} of {mean.size} channels are not finite"
    if lowest < 0:
        negative = int((variance.reals() < 0).sum())
        return State.INVALID, f"{negative} of {variance.size} channels have a negative variance"
    if means == (0, 0) and variances in ((0, 0), (1, 1)):
        return State.INITIAL, None
    return State.STORED, None


def _range(value: TensorValue) -> Range:
    """(min, max); None for a bound that is not finite: for both where a value is no number. Raises
    GraphDefError as `TensorValue.reals`.
    """
    few = value.few(_FEW)
    if few is not None and isfinite(sum(few)):
        return min(few), max(few)
    values = value.reals()
    low, high = float(np.minimum.reduce(values, None)), float(np.maximum.reduce(values, None))
    return (low if isfinite(low) else None, high if isfinite(high) else None)
