"""Facts -> what is wrong with the model, in words: one cause told once, the most important first.

Pure: a Probe goes in, sentences come out. Each cause takes the layers it explains away from those after it
(`causes`, `stale`); what the outputs suffer is evidence of the first cause and no finding of its own. What
one or a few images cannot tell is said as well, and never passes for a verdict.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Mode, State
from bninspect.measure.judging import behaviour, causes, stale
from bninspect.measure.judging.judged import judged, undecided
from bninspect.statistics import thresholds
from bninspect.statistics.staleness import staleness
from bninspect.text import counted, number
from bninspect.text import layers as worded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bninspect.measure.facts import Diagnosis, Probe
    from bninspect.measure.judging.causes import Found
    from bninspect.measure.judging.judged import Judged

NAMES = {
    "BN201": "statistics-never-updated",
    "BN203": "invalid-statistics",
    "BN204": "collapsed-channels",
    "BN206": "dominant-epsilon",
    "BN401": "batch-dependent-output",
    "BN402": "random-output",
    "BN403": "stale-statistics",
    "BN404": "average-not-converged",
    "BN405": "input-scale-mismatch",
    "BN406": "modes-disagree",
}
"""Code -> name, as the rules have it."""
GRAVE = frozenset({"BN201", "BN203", "BN401"})
"""What makes a model unfit whatever the numbers are."""


def diagnose(probe: Probe) -> tuple[Diagnosis, ...]:
    """What is wrong, the most important first; empty where nothing is, as far as these images tell."""
    if not probe.ran:
        return ()
    left = judged(probe)
    if left and all(one.layer.mode is Mode.TRAINING for one in left):
        left = [one for one in left if one.layer.statistics.state is not State.INITIAL]
    found: list[Diagnosis] = []
    for cause in _statistics(probe):
        told = cause(left)
        if told is not None:
            found.append(told[0])
            left = [one for one in left if one.name not in told[1]]
    suffered = behaviour.outputs(probe)
    if found and suffered:
        found[0] = replace(found[0], evidence=f"{found[0].evidence}; {suffered}")
    narrow = causes.epsilon(left)
    others = [behaviour.random(probe), None if found or undecided(probe) else behaviour.disagreeing(probe)]
    others.append(None if narrow is None else narrow[0])
    mixed = behaviour.dependent(probe)
    return tuple(one for one in (mixed, *found, *others) if one is not None)


def _statistics(probe: Probe) -> tuple[Callable[[Sequence[Judged]], Found], ...]:
    """The causes that stored statistics can have, in the order in which they explain layers away."""
    return (
        causes.invalid,
        causes.initial,
        lambda found: causes.average(found, probe.momentum),
        lambda found: stale.presets(found, probe),
        causes.collapsed,
        lambda found: stale.domain(found, probe),
        lambda found: stale.single(found, probe),
    )


def conclusion(probe: Probe) -> str:
    """One line on a model with nothing wrong: what was seen, and what these images cannot tell."""
    found, open_ = judged(probe), undecided(probe)
    if not found:
        return "Nothing can be said of stored statistics: no layer has any to compare."
    if all(one.known for one in found):
        return (
            "The stored statistics were never updated, and nothing uses them: every layer takes the batch's."
        )
    images = behaviour.images(found[0].own.images)
    worst = max(found, key=lambda one: one.score)
    if not open_:
        noted = "" if worst.own.verdict == "fine" else ", worth a note"
        return (
            f"The stored statistics of {worded([one.name for one in found], len(found))} fit {images}: own "
            f"score at most {number(worst.score)}, at {worst.name}{noted}."
        )
    return f"Nothing is wrong as far as {images} can tell. {inconclusive(probe)}"


def inconclusive(probe: Probe) -> str:
    """What too few images leave open, and how many would do; empty where nothing is left open."""
    open_ = undecided(probe)
    if not open_:
        return ""
    total = len(judged(probe))
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
    wanted = needed(count, floor)
    return (
        f"Inconclusive: {who}. {counted(count, 'image')} leave a noise of up to {number(math.sqrt(floor))} "
        f"standard deviations; about {wanted:,} would do."
    )


def _noise_of_images(one: Judged) -> float:
    """Mean F of the choice of images alone."""
    return staleness(one.mean, one.variance, one.layer.epsilon, None, one.moments).mean_floor


def needed(images: int, floor: float) -> int:
    """How many images bring this mean noise floor, which falls as 1/images, under what decides."""
    exact = images * floor / thresholds.DECIDABLE
    step = 10 ** max(0, math.floor(math.log10(max(exact, 1.0))) - 1)
    return max(images + 1, int(math.ceil(exact / step) * step))
