"""Stale layers together: one finding for all that BN403 says of a model, with who only inherits an error.

The own error of a layer is measured with every layer in training mode, where nothing before it can spoil its
x; so a layer whose own error is large is stale itself, and one with only a deployed error inherits it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bninspect.rules.facts.measurements import better_preset, evidence, probe_of, under
from bninspect.statistics import thresholds
from bninspect.statistics.median import median
from bninspect.text import layers as worded, listed, number, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.measure.facts import Probe
    from bninspect.rules.facts.measurements import LayerEvidence
    from bninspect.rules.rule import Case, Finding

_FEW = 3
"""So many scores are named; with so many layers or fewer there is no trend."""


def together(case: Case, findings: Sequence[Finding]) -> Finding:
    """One finding for all stale layers, as grave as the gravest."""
    probe = probe_of(case)
    gravest = max(findings, key=lambda finding: finding.severity.rank)
    names = {finding.layer for finding in findings}
    layers = [layer for layer in evidence(probe) if not layer.known]
    stale = [layer for layer in layers if layer.name in names]
    throughout = len(layers) > _FEW and len(stale) >= thresholds.STALE_THROUGHOUT * len(layers)
    title, words = (_of_model if throughout else _of_layers)(stale, layers, probe)
    one = len(stale) == 1
    return replace(
        gravest,
        layer=stale[0].name if one else None,
        node=gravest.node if one else None,
        title=title,
        evidence=words,
        message=f"{sentence(title)}: {words}.",
        accounts_for=frozenset(layer.name for layer in stale),
    )


def _of_model(
    stale: Sequence[LayerEvidence], layers: Sequence[LayerEvidence], probe: Probe
) -> tuple[str, str]:
    """(title, evidence) where most layers are stale, each by its own error."""
    scores = [layer.score for layer in layers]
    third = len(layers) // 3
    front, back = (median(part) for part in (scores[:third], scores[-third:]))
    who = worded([layer.name for layer in stale], len(layers))
    if _trend(scores) >= thresholds.GROWS_WITH_DEPTH and back > front:
        title = (
            f"the images are not like those the statistics were made of: {who} are stale by their own error, "
            "the deeper the more"
        )
    else:
        title = (
            f"the statistics of {who} are stale, each by its own error: they belong to other weights or to "
            "other images"
        )
    worst = max(stale, key=lambda layer: layer.score)
    return title, (
        f"own score {number(front)} in the first third of the layers, {number(back)} in the last, at most "
        f"{number(worst.score)} at {worst.name}{under(probe)}"
    )


def _of_layers(
    stale: Sequence[LayerEvidence], layers: Sequence[LayerEvidence], probe: Probe
) -> tuple[str, str]:
    """(title, evidence) where one layer or a few are stale: whose own error it is, and who only inherits
    it.
    """
    names = [layer.name for layer in stale]
    title = f"the statistics of {listed(names)} are stale"
    scores = ", ".join(f"{number(layer.score)} at {layer.name}" for layer in stale[:_FEW])
    words = f"own score {number(stale[0].score) if len(stale) == 1 else scores}{under(probe)}"
    others = [layer.score for layer in layers if not layer.guilty]
    words += f", at most {number(max(others))} elsewhere" if others else ""
    if len(stale) == 1 and stale[0].own.worst is not None:
        worst = stale[0].own.worst
        words += f"; worst channel {worst.channel}: d {number(worst.d)}, r {number(worst.r)}"
    words += _first(stale[0], probe)
    heirs = inheriting(probe)
    if len(heirs) == 1:
        words += f"; the deployed error of {heirs[0]} is inherited: its own is small"
    elif heirs:
        words += f"; the deployed errors of {len(heirs):,} layers behind are inherited: their own are small"
    return title, words


def inheriting(probe: Probe) -> list[str]:
    """Names of the layers whose deployed error is at least a warning, and whose own is not."""
    return [layer.name for layer in probe.layers if layer.inherits]


def _first(layer: LayerEvidence, probe: Probe) -> str:
    """What else may be behind an error of the first layer: the scale of the input."""
    if layer.name != probe.report.layers[0].name or better_preset(probe) is not None:
        return ""
    ratios = layer.own.r[np.isfinite(layer.own.r) & (layer.own.r > 0)]
    words = ""
    if ratios.size > 1:
        low, high = np.percentile(np.log(ratios), [25, 75])
        ratio = median(ratios)
        if (high - low) / 2 <= thresholds.ONE_FACTOR and abs(np.log(ratio)) > thresholds.ONE_FACTOR:
            words = (
                f"; all its channels are about {number(ratio)} times as wide as stored, as of scaled input"
            )
    if probe.presets is not None and probe.presets.fits:
        return words + "; no other preset fits it clearly better"
    return (
        words + "; it is the first layer, so that preparing images otherwise than in training looks the same"
    )


def _trend(values: Sequence[float]) -> float:
    """Spearman's rank correlation of the values with their place."""
    ranks = np.argsort(np.argsort(np.asarray(values)))
    return float(np.corrcoef(np.arange(len(values)), ranks)[0, 1])
