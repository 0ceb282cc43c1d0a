"""Where the fit of an average turns: a few channels, each number worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.statistics.average import AverageFit, average_fit
from bninspect.statistics.pooling import Moments

Numbers = list[float]


def fit(mean: Numbers, variance: Numbers, mu: Numbers, v: Numbers) -> AverageFit | None:
    """Of stored statistics to measured ones."""
    return average_fit(mean, variance, Moments(mean=np.array(mu), variance=np.array(v), values=100))


def from_one(mean: Numbers, variance: Numbers, mu: float, v: float) -> AverageFit:
    """The same of an average that started at a variance of 1; all channels are measured alike."""
    found = fit(mean, variance, [mu] * len(mean), [v] * len(mean))
    assert found is not None
    assert found.start == "0/1"
    return found


@pytest.mark.parametrize(
    ("share", "holds"), [(0.0, True), (0.5, True), (0.949, True), (0.951, False), (1.0, False)]
)
def test_an_average_below_95_percent_has_not_converged(share: float, holds: bool) -> None:
    found = from_one([share * 8] * 4, [1 + share * 3] * 4, 8, 4)
    assert found.a == pytest.approx(share)
    assert found.explained == 1.0
    assert found.holds is holds


@pytest.mark.parametrize(
    ("of_mean", "of_variance", "holds"), [(0.84, 0.76, True), (0.86, 0.74, False), (0.74, 0.86, False)]
)
def test_means_and_variances_have_shares_within_a_tenth(
    of_mean: float, of_variance: float, holds: bool
) -> None:
    """The means are 1.5 standard deviations of 0.5 from 0, the variances as far from 1: (1 - v)/2v = 1.5."""
    found = from_one([of_mean * 0.75] * 4, [1 - of_variance * 0.75] * 4, 0.75, 0.25)
    assert found.a_mean == pytest.approx(of_mean)
    assert found.a_variance == pytest.approx(of_variance)
    assert found.a == pytest.approx(0.8)
    assert found.explained > 0.75
    assert found.holds is holds


@pytest.mark.parametrize(
    ("off", "holds"), [(2.71, True), (2.72, False)], ids=["less than a quarter is left", "more"]
)
def test_a_fit_explains_three_quarters_of_the_gap(off: float, holds: bool) -> None:
    """Half of mu = 8, more in two channels and less in the others, and half of the way from 1 to 100."""
    found = from_one([4 + off, 4 - off, 4 + off, 4 - off], [50.5] * 4, 8, 100)
    residual, gap = off**2 / 100, (off**2 + 16) / 100 + (49.5 / 200) ** 2
    assert found.explained == pytest.approx(1 - residual / gap)
    assert found.holds is holds


def test_a_gap_of_1_is_a_gap() -> None:
    """One of two means is right: a half is explained."""
    found = fit([1, 0], [1, 1], [1, 1], [1, 1])
    assert found is not None
    assert found.explained == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("mean", "variance", "holds"),
    [
        ([4.78, 3.22, 4.78, 3.22], [2.5] * 4, True),
        ([4.80, 3.20, 4.80, 3.20], [2.5] * 4, False),
        ([4.0] * 4, [1.3, 1.3, 1.3, 6.1], True),
        ([4.0] * 4, [1.2, 1.2, 1.2, 6.4], False),
    ],
    ids=["means within", "means beyond", "variances within", "variances beyond"],
)
def test_a_fit_misses_by_half_a_standard_deviation_at_most(
    mean: Numbers, variance: Numbers, holds: bool
) -> None:
    """Half of mu = 8 and of the way from 1 to v = 4 in all channels together. The median channel misses the
    mean of 4 in units of sqrt(2.5), or the variance of 2.5 in units of twice the smaller variance.
    """
    found = from_one(mean, variance, 8, 4)
    assert [found.a, found.a_mean, found.a_variance] == pytest.approx([0.5] * 3)
    assert found.explained > 0.9
    assert found.holds is holds


@pytest.mark.parametrize(
    ("mu", "share"),
    [([0.09] * 4, None), ([0.11] * 4, 0.5), ([0.1], None), ([0.12], 0.5)],
    ids=["four small means", "four means", "one small mean", "one mean"],
)
def test_means_of_a_tenth_of_a_standard_deviation_tell_a_share(mu: Numbers, share: float | None) -> None:
    found = fit([one / 2 for one in mu], [0.5] * len(mu), mu, [1.0] * len(mu))
    assert found is not None
    assert found.a_mean == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    ("mean", "variance", "mu", "v", "holds"),
    [
        ([0.2], [1.0], [2.0], [4.0], False),
        ([0.95], [1.0], [1.0], [1.0], False),
        ([1.0] * 3, [3.0, 1.0, 1.0], [2.0] * 3, [1.0] * 3, True),
        ([1.5, 0.5], [1.0] * 2, [2.0] * 2, [1.0] * 2, True),
    ],
    ids=["shares a tenth apart", "converged", "three quarters explained", "half a standard deviation missed"],
)
def test_each_bound_itself(mean: Numbers, variance: Numbers, mu: Numbers, v: Numbers, holds: bool) -> None:
    """Shares of 0.1 and 0; a share of 0.95; 1 of 4 left; a median channel that is off by 0.5."""
    found = fit(mean, variance, mu, v)
    assert found is not None
    assert found.start == "0/1"
    assert found.holds is holds


def test_variances_that_are_those_of_the_start_tell_no_share() -> None:
    """The means decide."""
    found = fit([1.0] * 4, [1.0] * 4, [2.0] * 4, [1.0] * 4)
    assert found is not None
    assert (found.start, found.a_mean, found.a_variance, found.a) == ("0/1", 0.5, None, 0.5)
    assert (found.left, found.explained, found.holds) == (0.5, 1.0, True)


@pytest.mark.parametrize(
    ("share", "left", "steps"),
    [(-0.5, 1.0, 0.0), (0.0, 1.0, 0.0), (0.5, 0.5, 1.0), (1.0, 0, None), (1.5, 0, None)],
)
def test_what_is_left_of_the_start_is_a_share(share: float, left: float, steps: float | None) -> None:
    """Of statistics that moved away from the batch's all, and of those that went beyond them nothing."""
    moments = Moments(mean=np.array([8.0]), variance=np.array([4.0]), values=100)
    found = average_fit([share * 8], [1 + share * 3], moments, 0.5)
    assert found is not None
    assert (found.a, found.left, found.steps) == pytest.approx((share, left, steps))
    assert found.explained == 1.0


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "channel",
    [
        (NAN, 2.5, 8, 4), (4, NAN, 8, 4), (4, 2.5, NAN, 4), (4, 2.5, 8, NAN),
        (INF, 2.5, 8, 4), (4, INF, 8, 4), (4, 2.5, INF, 4), (4, 2.5, 8, INF),
        (4, 2.5, 8, 0), (4, 2.5, 8, -1), (NAN, NAN, 8, 4), (4, 2.5, NAN, NAN),
    ],
    ids=lambda channel: " ".join(map(str, channel)),
)  # fmt: skip
def test_a_channel_of_which_one_number_is_of_no_use_is_left_out(channel: tuple[float, ...]) -> None:
    alone = fit([4, 3, 5], [2.5, 2.4, 2.6], [8, 8, 9], [4, 4, 4])
    columns = zip((4, 2.5, 8, 4), channel, (3, 2.4, 8, 4), (5, 2.6, 9, 4), strict=True)
    assert fit(*(list(column) for column in columns)) == alone
