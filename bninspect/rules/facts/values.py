"""The stored statistics of a case as numbers: of every layer, though another may read the same."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from bninspect.batchnorm.wiring.sets import by_set
from bninspect.errors import GraphDefError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.trace import stored_value
from bninspect.statistics import thresholds
from bninspect.statistics.median import median

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, State
    from bninspect.batchnorm.layer import MovingStatistics, StoredStatistics
    from bninspect.graph import Graph
    from bninspect.rules.rule import Case

    Floats = NDArray[np.float64]


@frozen_dataclass(eq=False)
class Values:
    """The numbers of one layer."""

    layer: BatchNorm
    """The layer that reads these statistics."""
    moving: MovingStatistics
    """Where they are kept."""
    mean: Floats
    """Shape (channels,)."""
    variance: Floats
    gamma: Floats
    """|gamma|, shape (channels,); ones where the layer has none, or where it cannot be read."""

    @property
    def node(self) -> str:
        """The node that keeps the moving mean."""
        return self.moving.mean.node.label

    @property
    def variance_node(self) -> str:
        """The node that keeps the moving variance."""
        return self.moving.variance.node.label

    @property
    def size(self) -> int:
        """How many channels."""
        return self.mean.size

    def median(self) -> float:
        """The median variance of the layer: that of its channels which have one; 0 where none has.

        The one median of every rule.
        """
        live = self.variance[self.variance > thresholds.VANISHED]
        return median(live) if live.size else 0.0

    def collapsed(self) -> NDArray[np.bool_]:
        """Per channel, whether its variance is all but 0 beside those of its layer."""
        small = self.variance <= thresholds.COLLAPSED * self.median()
        epsilon = self.layer.epsilon or 0.0
        counts = (self.variance <= epsilon) | (self.gain() > thresholds.EXTREME_GAIN)
        found: NDArray[np.bool_] = (small & counts) | (self.variance <= thresholds.VANISHED)
        return found

    def gain(self) -> Floats:
        """|gamma|/sqrt(variance + epsilon), per channel; inf where that is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slope: Floats = self.gamma / np.sqrt(self.variance + (self.layer.epsilon or 0.0))
        return slope

    def alive(self) -> NDArray[np.bool_]:
        """Per channel, whether gamma lets it through: the others are pruned."""
        found: NDArray[np.bool_] = self.gamma > thresholds.DEAD_GAMMA * median(self.gamma)
        return found


_known: WeakKeyDictionary[Graph, dict[tuple[BatchNorm, str, str], Values | None]] = WeakKeyDictionary()
"""What was read of a graph before: several rules ask for the same numbers."""


def stored(case: Case, *states: State) -> Iterator[Values]:
    """The statistics in one of these states whose mean and variance are of one length."""
    known = _known.setdefault(case.report.graph, {})
    for layer, one in ((each, one) for each in case.layers for one in by_set(each)):
        held = one.statistics
        if held.state not in states or held.values is None or one.moving is None:
            continue
        place = layer, one.moving.mean.name, one.moving.variance.name
        if place not in known:
            known[place] = _values(one, held.values, one.moving)
        if (values := known[place]) is not None:
            yield values


def _values(layer: BatchNorm, held: StoredStatistics, moving: MovingStatistics) -> Values | None:
    """The numbers of a layer; None where its mean and variance are of different lengths."""
    mean, variance = held.numbers()
    if mean.size != variance.size:
        return None
    return Values(layer=layer, moving=moving, mean=mean, variance=variance, gamma=_gamma(layer, mean.size))


def _gamma(layer: BatchNorm, size: int) -> Floats:
    held = None if layer.gamma is None else stored_value(layer.gamma.node)
    if held is None or held.size not in (1, size):
        return np.ones(size)
    try:
        return np.broadcast_to(np.abs(held.numbers().reshape(-1)), (size,))
    except GraphDefError:
        return np.ones(size)
