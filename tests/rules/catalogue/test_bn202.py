"""BN202 statistics-near-initial."""

from __future__ import annotations

import pytest

from bninspect.statistics import thresholds
from tests.support.catching import caught, found, fused, replaced
from tests.support.parts import IMAGE, STORED


def test_catches_the_first_step() -> None:
    text = replaced(mean="[0.0005, -0.0009, 0.0]", variance="[1.009, 0.995, 1.0]")
    finding = caught("BN202", IMAGE + text + fused())
    assert (finding.layer, finding.node) == ("y", "mean")
    assert "within 9.0e-04 of moving mean 0 and within 0.009 of moving variance 1" in finding.message


@pytest.mark.parametrize(
    ("mean", "variance", "near"),
    [
        (2.0**-10, 1 + 2.0**-7, True),
        (-(2.0**-10), 1 - 2.0**-7, True),
        (2.0**-10 * 1.01, 1.0, False),
        (0.0, 1 + 2.0**-7 * 1.01, False),
    ],
    ids=["at both bounds", "below 0 and 1", "a mean beyond", "a variance beyond"],
)
def test_near_is_within_the_bounds(
    mean: float, variance: float, near: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "NEAR_INITIAL_MEAN", 2.0**-10)
    monkeypatch.setattr(thresholds, "NEAR_INITIAL_VARIANCE", 2.0**-7)
    text = replaced(mean=f"[{mean!r}, 1e-9, 0.0]", variance=f"[{variance!r}, 1.0, 1.0]")
    assert bool(found("BN202", IMAGE + text + fused())) is near


@pytest.mark.parametrize(
    "values",
    [
        {"mean": "[0.0005, 0.0, 0.002]", "variance": "[1.0, 1.0, 1.0]"},
        {"mean": "[0.0005, 0.0, 0.0]", "variance": "[1.0, 1.02, 1.0]"},
    ],
)
def test_does_not_catch_one_channel_that_moved(values: dict[str, str]) -> None:
    assert not found("BN202", IMAGE + replaced(**values) + fused())


def test_does_not_catch_initial_statistics() -> None:
    """They are BN201's."""
    text = replaced(mean="[0.0, 0.0, 0.0]", variance="[1.0, 1.0, 1.0]")
    assert not found("BN202", IMAGE + text + fused())


def test_does_not_catch_stored_statistics() -> None:
    assert not found("BN202", STORED + fused())
