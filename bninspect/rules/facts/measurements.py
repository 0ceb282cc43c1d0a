"""What a probe measured, as the rules look at it: the layers whose stored statistics stand beside measured
ones.

A layer is judged by its own error, measured with every layer in training mode, where nothing before it can
spoil its x. Where another preset than the given one fits the first layer many times better (BN405), all
layers are looked at as they are under that preset, so that nothing the preset explains is said of any of
them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import State
from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.measure.companions.companions import CompanionTest
    from bninspect.measure.facts import Probe
    from bninspect.measure.presets import PresetFit, PresetTrial
    from bninspect.rules.rule import Case
    from bninspect.statistics.pooling import ImageMoments
    from bninspect.statistics.staleness import Staleness

    Floats = NDArray[np.float64]

DRAWN = "the inputs are random numbers, which say nothing of stored statistics: give images with --image DIR"
"""Why nothing is said of statistics where nobody gave images."""


@frozen_dataclass
class LayerEvidence:
    """One layer: what it stores, and what it normalized."""

    layer: BatchNorm
    own: Staleness
    moments: ImageMoments
    mean: Floats
    """Stored, shape (channels,)."""
    variance: Floats

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def guilty(self) -> bool:
        """Whether its own error is at least a warning."""
        return self.own.is_wrong

    @property
    def score(self) -> float:
        """Its own score; infinite where its numbers are broken."""
        return math.inf if self.own.score is None else self.own.score

    @property
    def known(self) -> bool:
        """Whether the stored numbers themselves say what they are, whatever the images are."""
        return self.layer.statistics.state in (State.INITIAL, State.INVALID)


def probe_of(case: Case) -> Probe:
    """The probe; a rule that needs one is not asked without. Raises ValueError where there is none."""
    if case.probe is None:
        raise ValueError("a rule on measurements was asked about a model that was not run")
    return case.probe


def better_preset(probe: Probe) -> PresetFit | None:
    """The preset that fits many times better than the given one; None where none does."""
    return None if probe.presets is None or probe.drawn else probe.presets.better


def under(probe: Probe) -> str:
    """The preset that layers are looked at under, where that is not the one that was given."""
    better = better_preset(probe)
    return "" if better is None else f" with {better.options}"


def evidence(probe: Probe) -> list[LayerEvidence]:
    """The layers whose stored statistics stand beside measured ones, in graph order; under the better preset
    where one is named.
    """
    order = {layer.name: index for index, layer in enumerate(probe.report.layers)}
    better = better_preset(probe) is not None
    layers = []
    for probed in probe.layers:
        measured = probed.refit if better and probed.refit is not None else probed.own
        mean, variance = probed.moving_mean, probed.moving_variance
        if measured is None or measured.staleness is None or mean is None or variance is None:
            continue
        layers.append(
            LayerEvidence(
                layer=probed.layer,
                own=measured.staleness,
                moments=measured.moments,
                mean=mean,
                variance=variance,
            )
        )
    return sorted(layers, key=lambda one: order[one.name])


def measured_layers(case: Case) -> dict[str, LayerEvidence]:
    """The evidence by the names of the layers; none where the model was not run."""
    return {} if case.probe is None else {one.name: one for one in evidence(case.probe)}


def unexplained(case: Case) -> list[LayerEvidence]:
    """The layers that no finding accounts for, but for those that values alone condemn (BN201, BN203)."""
    layers = evidence(probe_of(case))
    return [one for one in layers if not one.known and one.name not in case.explained]


def undecided(probe: Probe) -> list[LayerEvidence]:
    """The layers of which these images say neither that their statistics fit nor that they do not."""
    return [one for one in evidence(probe) if one.own.verdict == "inconclusive" and not one.known]


def not_run(probe: Probe) -> str | None:
    """Why there is nothing to judge; None where the model was run."""
    if probe.ran:
        return None
    reasons = dict.fromkeys(one.reason for one in probe.skipped)
    return "the model was not run" + (f": {'; '.join(reasons)}" if reasons else "")


def no_statistics(probe: Probe) -> str | None:
    """Why nothing can be said of stored statistics; None where it can."""
    return not_run(probe) or (DRAWN if probe.drawn else None)


def untested(case: Case, test: CompanionTest | PresetTrial | None, otherwise: str) -> str | None:
    """Why a test of the probe says nothing, `otherwise` where it was not made; None where it says
    something.
    """
    if test is None:
        return not_run(probe_of(case)) or otherwise
    return test.reason
