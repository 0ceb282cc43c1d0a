"""Probes made by hand, what a rule says of them, and what it could not judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.measure.companions.companions import CompanionTest, Dependence
from bninspect.measure.presets import PresetFit, PresetTrial
from bninspect.options import Channels, Preprocess
from bninspect.rules import Case, judge, select
from tests.support.probes import CHANNELS, net, probed, rewritable

if TYPE_CHECKING:
    from bninspect.measure.facts import Probe, ProbedLayer
    from bninspect.rules import Judgement
    from tests.support.probes import Truth

STILL = Dependence(name="logits:0", change=1e-7, rerun=0.0, floor=1e-5, size=4.0, control=2.0)
MOVED = Dependence(name="logits:0", change=0.8, rerun=0.0, floor=1e-5, size=4.0, control=2.0)
DRAWN = Dependence(name="logits:0", change=0.8, rerun=0.5, floor=2.0, size=4.0, control=2.0)


def outcome(code: str, probe: Probe | None, **facts: Any) -> Judgement:
    """What one rule says of a probe."""
    assert probe is not None
    with rewritable(probe.report):
        return judge(Case(report=probe.report, probe=probe, **facts), select([code]))


def reason(outcome: Judgement) -> str:
    """Why the rule could not judge all; empty where it could."""
    return "; ".join(one.reason for one in outcome.not_run)


def companions(*outputs: Dependence, reason: str | None = None) -> CompanionTest:
    """A companion test with these outputs."""
    return CompanionTest(outputs=outputs, images=4, reason=reason)


def never(given: Truth) -> tuple[Any, Any]:
    """Statistics as they started."""
    return 0.0, 1.0


def widened(given: Truth) -> tuple[Any, Any]:
    """A variance four times too large: S is 0.5."""
    return given.mean, given.variance * 4


def shifted(given: Truth) -> tuple[Any, Any]:
    """A mean one standard deviation off."""
    return given.mean + np.sqrt(given.variance), given.variance


def part_way(share: float) -> Any:
    """An average that has come this far from 0 and 1."""
    return lambda given: (share * given.mean, 1 - share + share * given.variance)


def collapsed(given: Truth) -> tuple[Any, Any]:
    """One channel without variance."""
    return given.mean, np.where(np.arange(CHANNELS) == 3, 0.0, given.variance)


def net_with(index: int, stored: Any) -> list[ProbedLayer]:
    """Six layers, one of which stores something else."""
    layers = net()
    layers[index] = probed(f"net/block{index}/bn", index, stored=stored)
    return layers


def fit(preset: Preprocess, gap: float, channels: Channels | None = None, floor: float = 0.0) -> PresetFit:
    """How a preset fits, in its usual order of colours unless told."""
    usual: Channels = "bgr" if preset == "caffe" else "rgb"
    return PresetFit(preset=preset, channels=channels or usual, gap=gap, w=gap, r=1 + gap, floor=floor)


def trial(given: str, *, clear: bool = True, reason: str | None = None) -> PresetTrial:
    """A trial that `tf` wins."""
    fits = (fit("tf", 0.05), fit("unit", 1.2), fit("raw", 9.0))
    return PresetTrial(
        layer="net/block0/bn",
        images=16,
        fits=fits,
        clear=clear,
        given=next(one for one in fits if one.preset == given),
        reason=reason,
    )
