"""The layers whose stored statistics were set against what they normalize: what every cause is looked for in.

A layer is judged by its own error, measured with every layer in training mode, where nothing before it can
spoil its x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.measure.facts import Probe, ProbedLayer
    from bninspect.statistics.pooling import ImageMoments
    from bninspect.statistics.staleness import Staleness

    Floats = NDArray[np.float64]

GUILTY = ("warning", "error")
"""The verdicts that make an error the layer's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A layer with stored statistics that were measured with every layer in training mode."""

    probed: ProbedLayer
    own: Staleness
    moments: ImageMoments
    mean: Floats
    """Stored."""
    variance: Floats

    @property
    def layer(self) -> BatchNorm:
        """The layer itself."""
        return self.probed.layer

    @property
    def name(self) -> str:
        """Its name."""
        return self.probed.layer.name

    @property
    def guilty(self) -> bool:
        """Whether its own error is at least a warning."""
        return self.own.verdict in GUILTY

    @property
    def score(self) -> float:
        """Its own score; infinite where its numbers are broken."""
        return math.inf if self.own.score is None else self.own.score

    @property
    def known(self) -> bool:
        """Whether the stored numbers themselves say what they are, whatever the images are."""
        return self.layer.statistics.state in (State.INITIAL, State.INVALID)


def judged(probe: Probe) -> list[Judged]:
    """The layers whose stored statistics were set against their own x, in graph order."""
    order = {layer.name: index for index, layer in enumerate(probe.report.layers)}
    found = [
        Judged(
            probed=one,
            own=one.own.staleness,
            moments=one.own.moments,
            mean=one.moving_mean,
            variance=one.moving_variance,
        )
        for one in probe.layers
        if one.own is not None
        and one.own.staleness is not None
        and one.moving_mean is not None
        and one.moving_variance is not None
    ]
    return sorted(found, key=lambda one: order.get(one.name, 0))


def undecided(probe: Probe) -> list[Judged]:
    """The layers of which these images say neither that their statistics fit nor that they do not."""
    return [one for one in judged(probe) if one.own.verdict == "inconclusive" and not one.known]
