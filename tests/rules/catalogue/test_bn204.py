"""BN204 collapsed-channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bninspect.rules import Severity
from bninspect.rules.catalogue.bn204 import _harmful, _rest_fits
from bninspect.rules.facts.measurements import evidence
from bninspect.statistics import thresholds
from tests.rules.facts.test_value_bounds import values
from tests.support.catching import caught, found, fused, replaced
from tests.support.parts import IMAGE, STORED
from tests.support.probes import CHANNELS, net, probe
from tests.support.probing import collapsed, net_with, outcome

DEAD = IMAGE + replaced(variance="[1.5, 0.0, 0.5]")


def test_catches_a_dead_channel() -> None:
    finding = caught("BN204", DEAD + fused())
    assert (finding.layer, finding.node, finding.severity) == ("y", "variance", Severity.WARNING)
    assert "1 of 3 channels (1) has" in finding.message
    assert finding.message.endswith("inference multiplies by up to 63")


def test_catches_an_extreme_gain_as_an_error() -> None:
    """2/sqrt(1e-8) = 20,000."""
    assert caught("BN204", DEAD + fused(epsilon=1e-8)).severity is Severity.ERROR


def test_catches_a_share_of_the_median() -> None:
    assert found("BN204", IMAGE + replaced(variance="[1.5, 0.0001, 2.5]") + fused())


def test_catches_all_channels() -> None:
    text = IMAGE + replaced(variance="[1e-13, 1e-14, 1e-20]") + fused()
    assert "3 of 3 channels" in caught("BN204", text).message


@pytest.mark.parametrize(
    ("variance", "epsilon", "harmful"),
    [
        ([0.0, 8.0, 8.0], 1.0, [0]),
        ([0.0, 7.9, 7.9], 1.0, []),
        ([1e-13, 1e-13, 1e-13], 1.0, [0, 1, 2]),
        ([1e-13, 8.0, 8.0], None, [0]),
        ([0.0, 8.0, 8.0], None, []),
        ([-1e-13, 8.0, 8.0], 1.0, []),
    ],
    ids=["three times the gain", "less", "all of them", "no epsilon", "infinite", "negative"],
)  # fmt: skip
def test_a_collapsed_channel_harms_by_its_gain(
    variance: list[float], epsilon: float | None, harmful: list[int]
) -> None:
    layer = replace(values(variance, epsilon=epsilon), mean=np.array([0.5, 0.5, 0.5]))
    assert np.flatnonzero(_harmful(layer, {})).tolist() == harmful


@pytest.mark.parametrize(
    ("gamma", "severity"), [("[10.0, 1.0, 1.0]", Severity.WARNING), ("[10.1, 1.0, 1.0]", Severity.ERROR)]
)
def test_a_gain_is_extreme_beyond_the_bound(
    gamma: str, severity: Severity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "EXTREME_GAIN", 10.0)
    text = IMAGE + replaced(variance="[0.0, 2e4, 2e4]", gamma=gamma) + fused(epsilon=1.0)
    assert caught("BN204", text).severity is severity


@pytest.mark.parametrize(
    ("w", "floor", "fits"),
    [
        ([9.0, 1.0, 1.0], [0.0, 0.75, 0.75], False),
        ([9.0, 0.9, 0.9], [0.0, 0.75, 0.75], True),
        ([9.0, 0.6, 0.6], [0.0, 0.1, 0.1], False),
        ([9.0, 0.1, np.nan], [0.0, 0.0, np.nan], True),
        ([9.0, 0.9, 0.1], [0.0, 0.0, 0.6], True),
        ([9.0, np.nan, np.nan], [0.0, np.nan, np.nan], False),
        ([9.0], [0.0], False),
    ],
    ids=["at the bound", "below it", "above it", "what is known", "on average", "not known", "no other"],
)  # fmt: skip
def test_the_other_channels_fit_below_a_warning(
    w: list[float], floor: list[float], fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a standard deviation here; the first channel has collapsed."""
    monkeypatch.setattr(thresholds, "WARNING", 0.5)
    (one,) = evidence(probe(*net(1)))
    one = replace(one, own=replace(one.own, w=np.array(w), floor=np.array(floor)))
    assert _rest_fits(one, np.array([0])) is fits


@pytest.mark.parametrize("gamma", ["[1.5, 0.0, 0.5]", "[1.5, 0.0001, 0.5]"])
def test_does_not_catch_a_pruned_channel(gamma: str) -> None:
    text = replaced(variance="[1.5, 0.0, 0.5]", gamma=gamma)
    assert not found("BN204", IMAGE + text + fused(epsilon=1e-8))


def test_does_not_catch_units_of_different_size() -> None:
    """A feature in other units: small beside the others, large beside epsilon."""
    assert not found("BN204", IMAGE + replaced(variance="[1e6, 1e6, 1.0]") + fused())


def test_does_not_catch_a_layer_of_small_variances() -> None:
    assert not found("BN204", IMAGE + replaced(variance="[1e-5, 2e-5, 1e-6]") + fused())


@pytest.mark.parametrize(("times", "caught_so"), [(2.9, False), (3.1, True), (3.9, True)])
def test_catches_from_three_times_the_gain_of_the_others(times: float, caught_so: bool) -> None:
    """The others have gamma 1 and variance + epsilon 1."""
    gamma = times * 0.001**0.5
    text = replaced(variance="[0.999, 0.0, 0.999]", gamma=f"[1.0, {gamma}, 1.0]")
    assert bool(found("BN204", IMAGE + text + fused(epsilon=0.001))) is caught_so


def test_does_not_catch_what_gives_infinity() -> None:
    """That is BN203."""
    assert not found("BN204", DEAD + fused(epsilon=0.0))


def test_does_not_catch_initial_statistics() -> None:
    text = replaced(mean="[0.0, 0.0, 0.0]", variance="[0.0, 0.0, 0.0]")
    assert not found("BN204", IMAGE + text + fused())


def test_does_not_catch_stored_statistics() -> None:
    assert not found("BN204", STORED + fused())


def test_names_the_first_three_channels() -> None:
    six = {"mean": "[0.5, 0.5, 0.5, 0.5, 0.5, 0.5]", "variance": "[0.0, 2.0, 0.0, 0.0, 0.0, 3.0]"}
    six |= {"gamma": "[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]", "beta": "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]"}
    wide = IMAGE.replace("3]", "6]")
    assert "4 of 6 channels (0, 2, 3, ...) have" in caught("BN204", wide + replaced(**six) + fused()).message
    three = six | {"variance": "[0.0, 2.0, 0.0, 0.0, 2.0, 3.0]"}
    assert "3 of 6 channels (0, 2, 3) have" in caught("BN204", wide + replaced(**three) + fused()).message


@pytest.mark.parametrize(("error", "accounts"), [(0.0, True), (0.29, True), (0.31, False), (np.nan, False)])
def test_accounts_for_a_layer_whose_other_channels_fit(error: float, accounts: bool) -> None:
    """Their W is the error here; that of the collapsed channel is large, whatever the others do."""
    layers = net_with(2, collapsed)
    own = layers[2].own
    assert own is not None
    assert own.staleness is not None
    w = np.where(np.arange(CHANNELS) == 3, 40.0, error)
    said = replace(own.staleness, w=w, floor=np.zeros(CHANNELS))
    layers[2] = replace(layers[2], own=replace(own, staleness=said))
    (finding,) = outcome("BN204", probe(*layers)).findings
    assert finding.layer == "net/block2/bn"
    assert finding.accounts_for == ({"net/block2/bn"} if accounts else set())
