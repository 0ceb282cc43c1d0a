"""Statistics that do not fit the images: the images prepared wrong, other images altogether, or stale layers.

The own error of a layer is measured with every layer in training mode, where nothing before it can spoil its
x; so a layer whose own error is large is stale itself, and one with only a deployed error inherits it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.measure.facts import Diagnosis
from bninspect.measure.judging.causes import refreshing
from bninspect.measure.judging.judged import GUILTY
from bninspect.statistics import thresholds
from bninspect.text import counted, listed, number
from bninspect.text import layers as worded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.measure.facts import Probe
    from bninspect.measure.judging.causes import Found
    from bninspect.measure.judging.judged import Judged
    from bninspect.measure.presets import PresetTrial

_FEW = 3
"""So many scores are told; with so many layers or fewer there is no telling a trend."""


def presets(found: Sequence[Judged], probe: Probe) -> Found:
    """BN405: the images are prepared otherwise than those the statistics were made of."""
    trial = probe.presets
    best = None if trial is None else trial.best
    given = None if trial is None else trial.given
    if trial is None or best is None or given is None or not trial.clear or trial.layer is None:
        return None
    if (best.preset, best.channels) == (given.preset, given.channels):
        return None
    if best.preset == given.preset and not trial.clear_order:
        return None
    title = f"the images are not prepared as in training: {best.options} fits, {given.options} does not"
    message = (
        f"The images are not prepared as in training: with {best.options} they fit the stored statistics of "
        f"{trial.layer}, the first layer, and with {given.options} they do not. Until that is right, "
        "nothing can be said of the layers behind it."
    )
    evidence = (
        f"{trial.layer} over {counted(trial.images, 'image')}: W {number(given.w)} (its input "
        f"{number(given.r)} times as wide as stored) with {given.options}, {_others(trial)}"
    )
    named = Diagnosis(
        code="BN405",
        layer=trial.layer,
        title=title,
        message=message,
        evidence=evidence,
        command=f"run it again with {best.options}",
    )
    return named, frozenset(one.name for one in found)


def _others(trial: PresetTrial) -> str:
    """The fits of the presets, the best first, each in its better order of colours."""
    first: dict[str, str] = {}
    for fit in trial.fits:
        if trial.given is None or fit.preset != trial.given.preset or fit is trial.best:
            first.setdefault(fit.preset, f"{number(fit.w)} with {fit.preset}")
    return ", ".join(first.values())


def domain(found: Sequence[Judged], probe: Probe) -> Found:
    """BN403 for the model: most layers are stale, each by its own error."""
    guilty = [one for one in found if one.own.verdict in GUILTY]
    if len(found) <= _FEW or len(guilty) < thresholds.STALE_THROUGHOUT * len(found):
        return None
    scores = [one.score for one in found]
    third = max(1, len(found) // 3)
    front, back = (float(np.median(part)) for part in (scores[:third], scores[-third:]))
    grows = _trend(scores) >= thresholds.GROWS_WITH_DEPTH and back > front
    worst = max(guilty, key=lambda one: one.score)
    if grows:
        title = "the images are not like those the statistics were made of: the error grows with depth"
        message = (
            "The images are not like those the statistics were made of: "
            f"{worded(_names(guilty), len(found))} are stale by their own error, the deeper the more."
        )
    else:
        title = f"the statistics of {worded(_names(guilty), len(found))} are stale, each by its own error"
        message = (
            f"The stored statistics of {worded(_names(guilty), len(found))} do not fit these images, each by "
            "its own error: they belong to other weights or to other images."
        )
    evidence = (
        f"own score {number(front)} in the first third of the layers, {number(back)} in the last, at most "
        f"{number(worst.score)} at {worst.name}{caveat(probe)}"
    )
    command = f"probe with images like those of training; if these are what it serves, {refreshing([], 2)}"
    named = Diagnosis(
        code="BN403", layer=None, title=title, message=message, evidence=evidence, command=command
    )
    return named, frozenset(one.name for one in found)


def single(found: Sequence[Judged], probe: Probe) -> Found:
    """BN403 for one layer or a few: whose own error it is, and who only inherits it."""
    guilty = [one for one in found if one.own.verdict in GUILTY]
    if not guilty:
        return None
    names = _names(guilty)
    one = len(names) == 1
    title = f"the statistics of {listed(names)} are stale"
    they = "it normalizes" if one else "they normalize"
    anyhow = ", whatever mode the layers before it run in" if one and not _is_first(guilty[0], probe) else ""
    message = f"The stored statistics of {listed(names)} do not fit what {they}{anyhow}."
    heirs = inheriting(probe)
    if heirs:
        message += (
            f" The deployed error of {listed(heirs)} is inherited: its own is small."
            if len(heirs) == 1
            else f" The deployed errors of {len(heirs):,} layers behind are inherited: their own are small."
        )
    scores = ", ".join(f"{number(each.score)} at {each.name}" for each in guilty[:_FEW])
    scores = number(guilty[0].score) if one else scores
    others = [each.score for each in found if not each.guilty]
    evidence = f"own score {scores}" + (f", at most {number(max(others))} elsewhere" if others else "")
    evidence += _worst_channel(guilty[0]) if one else ""
    evidence += _first(guilty[0], probe) + caveat(probe)
    named = Diagnosis(
        code="BN403",
        layer=names[0] if one else None,
        title=title,
        message=message,
        evidence=evidence,
        command=refreshing(names, len(probe.layers)),
    )
    return named, frozenset(names)


def inheriting(probe: Probe) -> list[str]:
    """Names of the layers whose deployed error is at least a warning, and whose own is not."""
    return [
        one.layer.name
        for one in probe.layers
        if one.deployed is not None
        and one.deployed.staleness is not None
        and one.deployed.staleness.verdict in GUILTY
        and one.own is not None
        and one.own.staleness is not None
        and one.own.staleness.verdict in ("fine", "note")
    ]


def _worst_channel(one: Judged) -> str:
    """The channel of the largest W."""
    worst = one.own.worst
    if worst is None:
        return ""
    return f"; worst channel {worst.channel}: d {number(worst.d)}, r {number(worst.r)}"


def _first(one: Judged, probe: Probe) -> str:
    """What else may be behind an error of the first layer: the scale of the input."""
    if not _is_first(one, probe):
        return ""
    ratios = one.own.r[np.isfinite(one.own.r) & (one.own.r > 0)]
    told = ""
    if ratios.size > 1:
        low, high = np.percentile(np.log(ratios), [25, 75])
        ratio = float(np.median(ratios))
        if (high - low) / 2 <= thresholds.ONE_FACTOR and abs(np.log(ratio)) > thresholds.ONE_FACTOR:
            told = f"; all its channels are about {number(ratio)} times as wide as stored, as of scaled input"
    if probe.presets is not None and probe.presets.fits:
        return told + "; no other preset fits it clearly better"
    return (
        told + "; it is the first layer, so that preparing images otherwise than in training looks the same"
    )


def _is_first(one: Judged, probe: Probe) -> bool:
    """Whether no layer stands before it."""
    return bool(probe.report.layers) and one.name == probe.report.layers[0].name


def caveat(probe: Probe) -> str:
    """What random images are worth."""
    random = any(name.startswith("random, seed") for fact in probe.inputs for name in fact.source)
    return (
        "; the images are random numbers, whose statistics may be nothing like a photograph's"
        if random
        else ""
    )


def _trend(values: Sequence[float]) -> float:
    """Spearman's rank correlation of the values with their place."""
    ranks = np.argsort(np.argsort(np.asarray(values)))
    return float(np.corrcoef(np.arange(len(values)), ranks)[0, 1])


def _names(found: Sequence[Judged]) -> list[str]:
    return [one.name for one in found]
