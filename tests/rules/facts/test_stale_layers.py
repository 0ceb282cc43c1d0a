"""What is said of an error of the first layer: whether all its channels are off by one factor."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.rules.facts.measurements import evidence
from bninspect.text import number
from tests.support.probes import CHANNELS, net, probe, probed, wrong
from tests.support.probing import net_with, shifted, trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.measure.facts import ProbedLayer
    from tests.support.probes import Truth

SCALED = "; all its channels are about {} times as wide as stored, as of scaled input"


def narrowed(factors: Any) -> Any:
    """A stored variance that makes the images look so many times as wide."""

    def stored(given: Truth) -> tuple[Any, Any]:
        return given.mean, given.variance / np.square(factors)

    return stored


def said(factors: Any) -> str:
    """What BN403 says of two layers, the first of which is so many times as wide as stored."""
    layers = probed("net/block0/bn", 0, stored=narrowed(factors)), probed("net/block1/bn", 1)
    (finding,) = wrong(probe(*layers))
    assert finding.layer == "net/block0/bn"
    return finding.evidence


@pytest.mark.parametrize("factor", [3.0, 0.25])
def test_one_factor_for_all_channels_is_scaled_input(factor: float) -> None:
    assert SCALED.format(f"{factor:g}") in said(factor)


def test_channels_of_other_factors_are_no_scaled_input() -> None:
    assert "as of scaled input" not in said(np.geomspace(1.5, 40.0, CHANNELS))


def test_a_mean_that_is_off_is_no_scaled_input() -> None:
    """All channels are as wide as stored: one factor, and it is 1."""
    layers = (
        probed(
            "net/block0/bn",
            0,
            stored=lambda given: (given.mean + 3 * np.sqrt(given.variance), given.variance),
        ),
        probed("net/block1/bn", 1),
    )
    (finding,) = wrong(probe(*layers))
    assert "as of scaled input" not in finding.evidence
    assert "it is the first layer" in finding.evidence


def test_channels_without_variance_say_nothing_of_the_factor() -> None:
    """Two channels that the images do not move: their ratio is 0, and its logarithm is no number."""
    factors = np.full(CHANNELS, 3.0)
    layer = probed("net/block0/bn", 0, stored=narrowed(factors))
    assert layer.own is not None
    assert layer.own.staleness is not None
    ratios = layer.own.staleness.r.copy()
    ratios[:2] = 0.0
    ratios[2] = np.nan
    own = replace(layer.own, staleness=replace(layer.own.staleness, r=ratios))
    (finding,) = wrong(probe(replace(layer, own=own), probed("net/block1/bn", 1)))
    assert "as of scaled input" in finding.evidence


def test_one_stale_layer_is_named_with_its_worst_channel_and_of_two_neither() -> None:
    """Channel 5 is off by ten standard deviations, the others by one."""

    def stored(given: Truth) -> tuple[Any, Any]:
        off = np.where(np.arange(CHANNELS) == 5, 10.0, 1.0)
        return given.mean - off * np.sqrt(given.variance), given.variance

    layers = net()
    layers[2] = probed("net/block2/bn", 2, stored=stored)
    (one,) = wrong(probe(*layers))
    assert (one.layer, one.node) == ("net/block2/bn", "net/block2/bn/moving_mean")
    assert re.search(r"; worst channel 5: d (9\.\d|10), r (0\.9\d|1)", one.evidence)
    rest = max(layer.score for layer in evidence(probe(*layers)) if not layer.guilty)
    assert f", at most {number(rest)} elsewhere" in one.evidence
    layers[4] = probed("net/block4/bn", 4, stored=stored)
    (both,) = wrong(probe(*layers))
    assert (both.layer, both.node) == (None, None)
    assert both.accounts_for == {"net/block2/bn", "net/block4/bn"}
    assert "worst channel" not in both.evidence


def test_of_the_first_layer_the_right_preset_is_said_once() -> None:
    """Under another preset the first layer is stale, too: the preset was tried already."""
    layers = net_with(0, shifted)
    layers = [replace(layer, refit=layer.own) for layer in layers]
    assert "it is the first layer" in wrong(probe(*layers))[0].evidence
    fits = wrong(probe(*layers, presets=trial("tf")))[0].evidence
    assert fits.endswith("; no other preset fits it clearly better")
    stale = [found for found in wrong(probe(*layers, presets=trial("raw"))) if found.code == "BN403"]
    assert len(stale) == 1
    assert "first layer" not in stale[0].evidence
    assert "no other preset" not in stale[0].evidence


def off(deviations: Sequence[float]) -> list[ProbedLayer]:
    """Layers whose stored means are so many standard deviations off."""

    def by(deviation: float) -> Any:
        return lambda given: (given.mean - deviation * np.sqrt(given.variance), given.variance)

    names = enumerate(deviations)
    return [probed(f"net/block{index}/bn", index, stored=by(deviation)) for index, deviation in names]


@pytest.mark.parametrize(
    ("deviations", "title"),
    [
        ((0, 0, 0, 0, 2, 3), "the statistics of net/block4/bn, net/block5/bn are stale"),
        ((0, 0, 0, 3, 1, 2), "are stale by their own error, the deeper the more"),
        ((3, 2, 1, 0, 0, 0), "are stale, each by its own error: they belong to other weights"),
        ((1, 2, 3, 4, 5, 6), "all 6 layers are stale by their own error, the deeper the more"),
        (
            (1, 2, 6, 5, 4, 3),
            "the statistics of all 6 layers are stale, each by its own error",
        ),  # rank 0.43
    ],
    ids=str,
)
def test_from_half_of_the_layers_on_it_is_the_model(deviations: Sequence[float], title: str) -> None:
    (finding,) = wrong(probe(*off(deviations)))
    assert finding.code == "BN403"
    assert title in finding.title


@pytest.mark.parametrize(
    ("heirs", "words"),
    [
        (1, "; the deployed error of net/block1/bn is inherited: its own is small"),
        (2, "; the deployed errors of 2 layers behind are inherited: their own are small"),
        (0, ""),
    ],
)
def test_layers_that_inherit_the_error_are_told(heirs: int, words: str) -> None:
    layers = [
        probed("net/block0/bn", 0, stored=narrowed(3.0)),
        *(probed(f"net/block{index}/bn", index, inherits=2.0) for index in range(1, 1 + heirs)),
        *(probed(f"net/block{index}/bn", index) for index in range(1 + heirs, 6)),
    ]
    (finding,) = wrong(probe(*layers))
    assert ("inherited" in finding.evidence) is bool(heirs)
    assert words in finding.evidence


@pytest.mark.parametrize(
    ("stale", "count", "of_model"), [(3, 3, False), (2, 4, True), (1, 4, False), (2, 5, False)]
)
def test_a_model_is_stale_throughout_if_half_of_more_than_three_layers_are(
    stale: int, count: int, of_model: bool
) -> None:
    layers = [
        probed(f"net/block{index}/bn", index, stored=narrowed(3.0))
        if index < stale
        else probed(f"net/block{index}/bn", index)
        for index in range(count)
    ]
    (finding,) = wrong(probe(*layers))
    assert ("in the first third of the layers" in finding.evidence) is of_model
