"""What a layer multiplies by: its gain per channel, and what it makes of the number 1.

A batch norm computes y = (x - mean) * gain + beta with gain = gamma / sqrt(variance + epsilon); here in
float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bninspect.graph.trace import stored_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.graph import Tensor

WRAPPER_EPSILON = 1.001e-5
"""The smallest epsilon that the Python wrapper of TensorFlow 1.x wrote; it raised smaller ones to this."""


def gain(layer: BatchNorm) -> NDArray[np.float64] | None:
    """gamma / sqrt(moving_variance + epsilon), shape (channels,): the slope of the layer in inference mode.

    A layer without gamma has gamma 1. None where gamma, the variance or epsilon cannot be read from the file,
    or do not fit each other. Infinite or NaN where variance + epsilon is not positive. Raises GraphDefError
    where the bytes of a constant are damaged.
    """
    if layer.statistics.values is None or layer.epsilon is None:
        return None
    _, variance = layer.statistics.values.numbers()
    gamma = np.ones_like(variance) if layer.gamma is None else _constant(layer.gamma, (1, variance.size))
    if gamma is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope: NDArray[np.float64] = gamma / np.sqrt(variance + layer.epsilon)
    return slope


def of_one(epsilon: float) -> float:
    """1 / sqrt(1 + epsilon): what 1.0 becomes with mean 0, variance 1, gamma 1 and beta 0.

    NaN for an epsilon of -1 or less.
    """
    return 1.0 / math.sqrt(1.0 + epsilon) if epsilon > -1.0 else math.nan


def raised_by_wrapper(epsilon: float) -> bool:
    """Whether epsilon is 1.001e-5, to a float32 rounding."""
    return abs(epsilon - WRAPPER_EPSILON) <= float(np.spacing(np.float32(WRAPPER_EPSILON)))


def _constant(tensor: Tensor, sizes: tuple[int, ...]) -> NDArray[np.float64] | None:
    """The values of a Const of one of the sizes, float64, one axis; None for anything else."""
    held = stored_value(tensor.node)
    if held is None or held.size not in sizes:
        return None
    return held.numbers().ravel()
