"""BN205 copied-statistics."""

from __future__ import annotations

from tests.support.catching import caught, found, fused, of_fixture, replaced
from tests.support.parts import IMAGE, STORED

COPY = "mean2 = Const([0.5, -0.5, 0.25])\nvariance2 = Const([1.5, 2.5, 0.5])\n"


def test_catches_a_copy() -> None:
    finding = caught("BN205", STORED + COPY + fused() + fused("z", "y", "mean2", "variance2"))
    assert (finding.layer, finding.node) == ("z", "mean2")
    assert "equal those of y, which normalizes another tensor, in all 3 channels" in finding.message


def test_three_are_one_finding() -> None:
    third = COPY.replace("mean2", "mean3").replace("variance2", "variance3")
    text = fused() + fused("z", "y", "mean2", "variance2") + fused("u", "z", "mean3", "variance3")
    assert caught("BN205", STORED + COPY + third + text).message.endswith("; so are those of u")


def test_does_not_catch_one_input() -> None:
    """Averages of one tensor are equal by right."""
    text = fused() + fused("z", "x", "mean2", "variance2") + "head = Add(y, z)\n"
    assert not found("BN205", STORED + COPY + text)


def test_does_not_catch_one_variable() -> None:
    """That is BN109."""
    assert not found("BN205", STORED + fused() + fused("z", "y"))
    assert not of_fixture("BN205", "called_twice.pb")


def test_does_not_catch_a_variance_of_its_own() -> None:
    text = COPY.replace("0.5]", "0.75]") + fused() + fused("z", "y", "mean2", "variance2")
    assert not found("BN205", STORED + text)


def test_does_not_catch_initial_statistics() -> None:
    zeros, ones = "[0.0, 0.0, 0.0]", "[1.0, 1.0, 1.0]"
    text = replaced(mean=zeros, variance=ones) + f"mean2 = Const({zeros})\nvariance2 = Const({ones})\n"
    assert not found("BN205", IMAGE + text + fused() + fused("z", "y", "mean2", "variance2"))
