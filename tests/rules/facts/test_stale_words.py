"""The words for all stale layers of a model, whole: scores and errors as they are given, not measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import State
from bninspect.rules import Case, Finding, Severity
from bninspect.rules.catalogue.bn403 import RULE
from bninspect.rules.facts.stale_layers import _trend, inheriting, together
from bninspect.statistics import thresholds
from bninspect.statistics.staleness import Worst
from tests.support.probes import net, probe
from tests.support.probing import trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.measure.facts import ProbedLayer

FIRST = "; it is the first layer, so that preparing images otherwise than in training looks the same"
OWN = ", each by its own error: they belong to other weights or to other images"
DEEPER = (
    "the images are not like those the statistics were made of: {} are stale by their own error, the deeper "
    "the more"
)


def verdict(score: float | None) -> str:
    """As `staleness` has it."""
    return "error" if score is None or score >= thresholds.WARNING else "fine"


def scored(*scores: float | None, **of_own: Any) -> list[ProbedLayer]:
    """Layers with these errors of their own, none of them by a worst channel or by one factor."""
    layers = []
    for layer, score in zip(net(len(scores)), scores, strict=True):
        assert layer.own is not None
        assert layer.own.staleness is not None
        changes = {"worst": None, "r": np.ones(4), "score": score, "verdict": verdict(score), **of_own}
        own = replace(layer.own.staleness, **changes)
        layers.append(replace(layer, own=replace(layer.own, staleness=own)))
    return layers


def said(layers: Sequence[ProbedLayer], stale: Sequence[int], **of_probe: Any) -> Finding:
    """The one finding for those that are stale, by their places."""
    found = probe(*layers, **of_probe)
    names = [layers[place].name for place in stale]
    findings = [RULE.finding("", layer=name, node=f"{name}/moving_mean") for name in names]
    return together(Case(report=found.report, probe=found), findings)


def name(place: int) -> str:
    return f"net/block{place}/bn"


@pytest.mark.parametrize(
    ("scores", "stale", "title", "evidence"),
    [
        (
            (0.1, 0.8, 0.2),
            (1,),
            f"the statistics of {name(1)} are stale",
            "own score 0.8, at most 0.2 elsewhere",
        ),
        (
            (0.1, 0.8, 0.9),
            (1, 2),
            f"the statistics of {name(1)}, {name(2)} are stale",
            f"own score 0.8 at {name(1)}, 0.9 at {name(2)}, at most 0.1 elsewhere",
        ),
        (
            (0.8, 0.9, 0.7),
            (0, 1, 2),
            f"the statistics of {name(0)}, {name(1)}, {name(2)} are stale",
            f"own score 0.8 at {name(0)}, 0.9 at {name(1)}, 0.7 at {name(2)}" + FIRST,
        ),
        (
            (0.7, 0.0, 0.6, 0.9),
            (2,),
            f"the statistics of {name(2)} are stale",
            "own score 0.6, at most 0 elsewhere",
        ),
        (
            (0.1, 0.9, 0.8, 0.7, 0.6, *[0.2] * 5),
            (1, 2, 3, 4),
            f"the statistics of {name(1)}, {name(2)}, {name(3)} and 1 more are stale",
            f"own score 0.9 at {name(1)}, 0.8 at {name(2)}, 0.7 at {name(3)}, at most 0.2 elsewhere",
        ),
        (
            (0.1, 0.3, 0.2, 0.6),
            (1, 3),
            f"the statistics of 2 of 4 layers ({name(1)}, {name(3)}) are stale" + OWN,
            f"own score 0.1 in the first third of the layers, 0.6 in the last, at most 0.6 at {name(3)}",
        ),
        (
            (0.9, 0.8, 0.7, 0.6),
            (0, 1, 2, 3),
            "the statistics of all 4 layers are stale" + OWN,
            f"own score 0.9 in the first third of the layers, 0.6 in the last, at most 0.9 at {name(0)}",
        ),
        (
            (0.7, 0.8, 0.9, 1.0, 1.1, 1.3),
            (0, 1, 2, 3, 4, 5),
            DEEPER.format("all 6 layers"),
            f"own score 0.75 in the first third of the layers, 1.2 in the last, at most 1.3 at {name(5)}",
        ),
    ],
    ids=["one", "two of three", "all of three", "one whose neighbours are explained",
         "the first three of four", "half of four", "all of four", "all of six, growing"],
)  # fmt: skip
def test_the_scores_are_said(
    scores: Sequence[float], stale: Sequence[int], title: str, evidence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "GROWS_WITH_DEPTH", 0.9)
    found = said(scored(*scores), stale)
    assert (found.title, found.evidence) == (title, evidence)
    assert found.message == f"{title[0].upper()}{title[1:]}: {evidence}."
    assert found.accounts_for == {name(place) for place in stale}
    alone = name(stale[0]) if len(stale) == 1 else None
    assert (found.layer, found.node) == (alone, None if alone is None else f"{alone}/moving_mean")


def test_a_finding_for_several_is_as_grave_as_the_gravest() -> None:
    found = probe(*scored(0.4, 0.9, 0.5))
    grave = (Severity.WARNING, Severity.ERROR, Severity.NOTE)
    findings = [
        RULE.finding("", layer=one.name, severity=level)
        for one, level in zip(found.layers, grave, strict=True)
    ]
    assert together(Case(report=found.report, probe=found), findings).severity is Severity.ERROR


def test_layers_that_values_condemn_are_no_part_of_it() -> None:
    """Of five layers two are initial: of the others two are stale, and there are too few for a trend."""
    layers = scored(0.1, 0.9, 0.8, 5.0, 6.0)
    for place in (3, 4):
        initial = replace(layers[place].layer.statistics, state=State.INITIAL)
        layers[place] = replace(layers[place], layer=replace(layers[place].layer, statistics=initial))
    assert said(layers, (1, 2)).evidence == (
        f"own score 0.9 at {name(1)}, 0.8 at {name(2)}, at most 0.1 elsewhere"
    )


@pytest.mark.parametrize(
    ("scores", "least", "deeper"),
    [
        ((0.6, 0.8, 0.7, 0.9), 0.8, True),
        ((0.6, 0.8, 0.7, 0.9), 0.81, False),
        ((0.9, 0.7, 0.8, 0.9), -1.0, False),
        ((0.89, 0.7, 0.8, 0.9), -1.0, True),
    ],
    ids=["as steep as needed", "less steep", "the last as the first", "the last above the first"],
)
def test_errors_grow_with_depth_by_their_ranks_and_their_thirds(
    scores: Sequence[float], least: float, deeper: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    steep = _trend(scores)
    assert steep == pytest.approx(0.8) or least == -1.0
    monkeypatch.setattr(thresholds, "GROWS_WITH_DEPTH", steep if least == 0.8 else least)
    assert ("the deeper the more" in said(scored(*scores), range(4)).title) is deeper


def test_one_layer_is_said_with_its_worst_channel() -> None:
    worst = Worst(7, 2.5, 0.5, 2.6)
    assert said(scored(0.1, 0.8, worst=worst), (1,)).evidence == (
        "own score 0.8, at most 0.1 elsewhere; worst channel 7: d 2.5, r 0.5"
    )
    assert "worst channel" not in said(scored(0.1, 0.8, 0.9, worst=worst), (1, 2)).evidence
    broken = scored(0.1, None, 0.2)
    assert said(broken, (1,)).evidence == "own score no finite number, at most 0.2 elsewhere"


FACTOR = "; all its channels are about {} times as wide as stored, as of scaled input" + FIRST
SPREAD = float(np.log(8.0) - np.log(2.0)) / 2


@pytest.mark.parametrize(
    ("ratios", "one_factor", "words"),
    [
        ([2.0] * 4, 0.5, FACTOR.format(2)),
        ([2.0] * 4, float(np.log(2.0)), FIRST),
        ([1.0, 2.0, 4.0, 8.0, 16.0], SPREAD, FACTOR.format(4)),
        ([1.0, 2.0, 4.0, 8.0, 16.0], SPREAD * 0.999, FIRST),
    ],
    ids=["wider", "as wide as may be", "as unlike as may be", "more unlike"],
)
def test_of_the_first_layer_one_factor_is_said(
    ratios: Sequence[float], one_factor: float, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "ONE_FACTOR", one_factor)
    layers = scored(0.8, 0.1, r=np.array(ratios))
    assert said(layers, (0,)).evidence == "own score 0.8, at most 0.1 elsewhere" + words
    layers = scored(0.1, 0.8, r=np.array(ratios))
    assert said(layers, (1,)).evidence == "own score 0.8, at most 0.1 elsewhere"


def test_presets_that_were_tried_are_said() -> None:
    start = "own score 0.8, at most 0.1 elsewhere"
    layers = [replace(layer, refit=layer.own) for layer in scored(0.8, 0.1)]
    best = trial("tf")
    assert said(layers, (0,), presets=best).evidence == start + "; no other preset fits it clearly better"
    assert said(layers, (0,), presets=replace(best, fits=())).evidence == start + FIRST
    better = said(layers, (0,), presets=trial("raw"))
    assert better.evidence == "own score 0.8 with --preprocess tf, at most 0.1 elsewhere"
    many = [replace(layer, refit=layer.own) for layer in scored(0.9, 0.8, 0.7, 0.6)]
    assert said(many, range(4), presets=trial("raw")).evidence.endswith(f" at {name(0)} with --preprocess tf")


@pytest.mark.parametrize(
    ("heirs", "words"),
    [
        ([], ""),
        ([1], f"; the deployed error of {name(1)} is inherited: its own is small"),
        ([1, 2], "; the deployed errors of 2 layers behind are inherited: their own are small"),
    ],
)
def test_who_inherits_an_error_is_said(heirs: list[int], words: str) -> None:
    layers = scored(0.1, 0.1, 0.1, 0.8)
    for heir in heirs:
        layers[heir] = replace(layers[heir], deployed=layers[3].own)
    assert inheriting(probe(*layers)) == [name(heir) for heir in heirs]
    assert said(layers, (3,)).evidence == "own score 0.8, at most 0.1 elsewhere" + words
