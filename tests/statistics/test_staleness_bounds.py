"""Where the verdict on stored statistics turns: arrays of a few channels, numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bninspect.statistics.pooling import ImageMoments
from bninspect.statistics.staleness import Staleness, staleness


def alike(
    *channels: tuple[float, float],
    count: int = 64,
    fewest: int | None = None,
    gamma: list[float] | None = None,
) -> Staleness:
    """Images that do not differ, so that F has no term of theirs; statistics 0 and 1, off by (d, r) in each
    channel.
    """
    means, roots = zip(*channels, strict=True)
    measured = ImageMoments.of([means] * count, [np.square(roots)] * count, 16)
    return staleness(np.zeros(len(means)), np.ones(len(means)), None, gamma, measured, fewest)


@pytest.mark.parametrize(
    ("fewest", "floor", "score", "error"),
    [(None, 0.6136752, 1.0852697, 0.5046023), (4, 0.8636752, 0.9632291, 0.6053119)],
    ids=["inference before", "training before"],
)
def test_every_term_of_a_floor_and_of_the_error_of_a_score(
    fewest: int | None, floor: float, score: float, error: float
) -> None:
    """Three images: var(m) = 4, var(q) = 7/3, mean 2 and variance 14/3 of all; (2/4)^2 is added behind layers
    of four values.
    """
    measured = ImageMoments.of(np.array([[0], [2], [4]]), np.array([[1], [3], [2]]), 10)
    found = staleness(np.zeros(1), np.array([2.0]), 0.5, None, measured, fewest)
    assert found.floor == pytest.approx([floor], rel=1e-6)
    assert found.w**2 == pytest.approx([1.7914862], rel=1e-6)
    assert found.score == pytest.approx(score, rel=1e-6)
    assert found.score_error == pytest.approx(error, rel=1e-6)


def test_the_unit_of_x_changes_no_floor() -> None:
    """The same images, a tenth as large, and epsilon with them."""
    measured = ImageMoments.of([[0.0], [0.2], [0.4]], [[0.01], [0.03], [0.02]], 10)
    found = staleness(np.zeros(1), np.array([0.02]), 0.005, None, measured)
    assert found.floor == pytest.approx([0.6136752], rel=1e-6)


@pytest.mark.parametrize(("images", "factor"), [(2, 24.0), (3, 10.125), (4, 64 / 9), (64, 3.1446)])
def test_significant_from_a_multiple_of_the_floor(images: int, factor: float) -> None:
    """3 (I/(I - 1))^3 times; the stored variance is right, the stored mean off."""
    spread = np.resize([1.0, -1.0], (images, 1))
    measured = ImageMoments.of(spread - spread.mean(), np.ones((images, 1)), 16)
    variance = measured.pooled().variance
    floor = float(staleness(np.zeros(1), variance, None, None, measured).floor[0])
    for times, significant in ((factor * 0.999, False), (factor * 1.001, True)):
        mean = np.sqrt(times * floor * variance)
        assert staleness(mean, variance, None, None, measured).significant is significant


def test_what_is_just_explained_is_not_significant() -> None:
    """One image: 3 times a floor of 1.5, by channels of W^2 = 0 and 9."""
    assert not alike((0, 1), (3, 1), count=1).significant


@pytest.mark.parametrize(
    ("d", "verdict", "is_wrong", "fits"),
    [
        (0.6, "error", True, False),
        (0.599, "warning", True, False),
        (0.3, "warning", True, False),
        (0.299, "note", False, True),
        (0.1, "note", False, True),
        (0.099, "fine", False, True),
    ],
)
def test_each_verdict_begins_at_its_threshold(d: float, verdict: str, is_wrong: bool, fits: bool) -> None:
    found = alike((d, 1), count=2)
    assert found.verdict == verdict
    assert found.is_wrong is is_wrong
    assert found.fits is fits


@pytest.mark.parametrize(
    ("d", "fewest", "verdict"),
    [(0.0, 25, "fine"), (0.1, 25, "fine"), (0.0, 15, "inconclusive"), (0.2, 15, "inconclusive")],
    ids=["decided", "explained", "a floor too high", "both"],
)
def test_what_is_not_significant_is_fine_if_the_floor_is_low(d: float, fewest: int, verdict: str) -> None:
    """Floors of (2/25)^2 = 0.0064 and (2/15)^2 = 0.018, which explain W^2 up to three times as much."""
    found = alike((d, 1), fewest=fewest)
    assert (found.significant, found.verdict) == (False, verdict)


def test_a_high_score_of_two_images_is_not_fine() -> None:
    """W^2 = 0.09 within 24 times a floor of 0.0064, but a score of 0.29."""
    found = alike((0.3, 1), count=2, fewest=25)
    assert (found.significant, found.verdict) == (False, "inconclusive")
    assert found.score == pytest.approx(math.sqrt(0.09 - 0.0064))


@pytest.mark.parametrize(
    ("mean", "variance"), [(np.nan, 1.0), (0.0, np.inf), (np.inf, np.nan)], ids=["mean", "variance", "both"]
)
def test_a_channel_that_could_not_be_measured_is_left_out(mean: float, variance: float) -> None:
    measured = ImageMoments.of([[0, mean]] * 64, [[1, variance]] * 64, 16)
    found = staleness(np.zeros(2), np.ones(2), None, None, measured)
    assert (found.score, found.verdict) == (0.0, "inconclusive")
    assert found.reason == "1 of 2 channels: what the layer normalizes is not finite on these images"
    assert np.isnan([found.d[1], found.r[1], found.w[1], found.floor[1]]).any()
    assert np.isnan(found.floor[1])


@pytest.mark.parametrize(
    ("channel", "options", "extreme"),
    [
        ((5.0, 1.0), {}, False),
        ((-5.1, 1.0), {}, True),
        ((0.0, 3.0), {}, False),
        ((0.0, 3.1), {}, True),
        ((0.0, 1 / 3), {"count": 1000}, False),
        ((0.0, 0.33), {"count": 1000}, True),
        ((0.0, 0.5), {"count": 1000}, False),
        ((4.0, 1.0), {"count": 1}, False),
        ((0.0, 4.0), {"count": 1}, False),
        ((0.0, 6.0), {"count": 1, "fewest": 2}, False),
        ((0.0, 6.0), {"count": 1, "fewest": 3}, True),
    ],
    ids=[
        "d at its clip", "d beyond", "r at its clip", "r beyond", "1/r at its clip", "1/r beyond",
        "a half, of many images", "beyond chance, within the clips", "beyond a clip, by chance",
        "just explained by chance", "not quite explained",
    ],
)  # fmt: skip
def test_an_extreme_channel_is_beyond_a_clip_and_beyond_chance(
    channel: tuple[float, float], options: dict[str, int], extreme: bool
) -> None:
    """The clips are |d| = 5, r = 3 and r = 1/3; chance is ten times the floor: 15 of one image, with (2/n)^2
    added behind layers of n values.
    """
    assert alike(channel, **options).extreme_channels == ((0,) if extreme else ())  # type: ignore[arg-type]


def test_a_gamma_of_a_thousandth_of_the_median_is_pruned() -> None:
    found = alike((20, 1), (20, 1), (20, 1), (20, 1), gamma=[-1000, 1000, 1, 1.01])
    assert found.extreme_channels == (0, 1, 2, 3)  # the median is 500
    found = alike((20, 1), (20, 1), (20, 1), gamma=[-1000, 1000, 1])
    assert found.extreme_channels == (0, 1)
