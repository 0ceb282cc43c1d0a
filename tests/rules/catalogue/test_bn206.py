"""BN206 dominant-epsilon."""

from __future__ import annotations

import pytest

from bninspect.rules import Case, judge, select
from tests.support.catching import caught, found, fused, replaced
from tests.support.parts import IMAGE, STORED
from tests.support.probes import codes, net, probe

THREE = fused() + fused("z", "y") + fused("u", "z")
OTHER = "mean2 = Const([1.0, 2.0, 3.0])\nvariance2 = Const([1.0, 2.0, 0.5])\n"


def test_catches_an_epsilon_as_large_as_the_variance() -> None:
    finding = caught("BN206", IMAGE + replaced(variance="[0.001, 0.002, 0.0005]") + fused())
    assert (finding.layer, finding.node) == ("y", "variance")
    assert "epsilon 0.001 is 1 times the median moving variance" in finding.message
    assert "keeps 0.71 of its spread" in finding.message


def test_catches_a_tenth_of_an_epsilon_that_no_framework_writes() -> None:
    assert found("BN206", IMAGE + replaced(variance="[0.2, 0.2, 0.2]") + fused(epsilon=0.0201))


@pytest.mark.parametrize(("variance", "epsilon"), [(0.0099, 0.001), (0.05, 0.01), (0.21, 0.0201)])
def test_does_not_catch_what_weights_make_up_for(variance: float, epsilon: float) -> None:
    """An epsilon that frameworks write, beside a variance that is larger; and less than a tenth."""
    text = replaced(variance=f"[{variance}, {variance}, {variance}]")
    assert not found("BN206", IMAGE + text + fused(epsilon=epsilon))


def test_catches_an_outlier() -> None:
    text = OTHER + THREE + fused("v", "u", "mean2", "variance2", epsilon=0.05)
    finding = caught("BN206", STORED + text)
    assert finding.layer == "v"
    assert finding.message.endswith("it is 0.001 in most layers")


def test_does_not_catch_an_outlier_too_small_to_count() -> None:
    """A head with the default 1e-3 on a backbone with 1e-5."""
    text = fused(epsilon=1e-5) + fused("z", "y", epsilon=1e-5) + fused("u", "z", epsilon=1e-5)
    assert not found("BN206", STORED + OTHER + text + fused("v", "u", "mean2", "variance2", epsilon=1e-3))


def test_does_not_catch_a_smaller_epsilon() -> None:
    assert not found("BN206", STORED + OTHER + THREE + fused("v", "u", "mean2", "variance2", epsilon=1e-6))


def test_does_not_catch_collapsed_channels() -> None:
    """The median is that of the others."""
    assert not found("BN206", IMAGE + replaced(variance="[0.0, 0.0, 0.5]") + fused())


def test_does_not_catch_initial_statistics() -> None:
    text = replaced(mean="[0.0, 0.0, 0.0]", variance="[1.0, 1.0, 1.0]")
    assert not found("BN206", IMAGE + text + fused(epsilon=0.1))


def test_does_not_catch_a_small_epsilon() -> None:
    assert not found("BN206", STORED + THREE)


def test_catches_an_outlier_of_exactly_ten_times() -> None:
    """Powers of two, so that float32 holds both exactly."""
    usual = 2.0**-10
    text = "".join(fused(name, x, epsilon=usual) for name, x in (("y", "x"), ("z", "y"), ("u", "z")))
    other = "mean2 = Const([1.0, 2.0, 3.0])\nvariance2 = Const([0.5, 0.5, 0.5])\n"
    ten = fused("v", "u", "mean2", "variance2", epsilon=10 * usual)
    assert caught("BN206", STORED + other + text + ten).layer == "v"


def test_does_not_catch_an_epsilon_that_is_not_known() -> None:
    assert "BN206" not in codes(probe(*net(epsilon=None)))
    assert "BN206" in codes(probe(*net(epsilon=1.0)))


def test_the_larger_of_the_stored_and_the_measured_variance_counts() -> None:
    """A stored one that is too small is stale; a measured one that is too small is other images."""
    small = probe(*net(stored=lambda given: (given.mean, given.variance / 4000)))
    assert "BN206" not in codes(small)
    alone = judge(Case(report=small.report), select(["BN206"]))
    assert len(alone.findings) == 6


def test_does_not_catch_an_outlier_where_no_epsilon_is_usual() -> None:
    """Of four layers no epsilon is that of most; of two there is no outlier."""
    text = fused(epsilon=1e-5) + fused("z", "y", epsilon=1e-5) + fused("u", "z", epsilon=1e-4)
    assert not found("BN206", STORED + OTHER + text + fused("v", "u", "mean2", "variance2", epsilon=0.05))
    two = fused(epsilon=1e-5) + fused("z", "y", "mean2", "variance2", epsilon=0.05)
    assert not found("BN206", STORED + OTHER + two)
