"""Staleness against independent formulas, and its noise floor against draws of images, all seeded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.statistics.pooling import ImageMoments
from bninspect.statistics.staleness import Staleness, staleness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EPSILON = 1e-3


def images(count: int, positions: int, channels: int, between: float, causes: int, seed: int) -> ImageMoments:
    """Images of right statistics (mean 0, variance 1), `between` of the variance between images.

    The channels follow so many independent causes; with as many causes as channels they are independent.
    """
    rng = np.random.default_rng(seed)
    if causes < channels:
        loads = np.random.default_rng(99).normal(size=(causes, channels))
        means = rng.normal(size=(count, causes)) @ (loads / np.sqrt((loads**2).sum(axis=0)))
    else:
        means = rng.normal(size=(count, channels))
    x = math.sqrt(between) * means[:, None] + math.sqrt(1 - between) * rng.normal(
        size=(count, positions, channels)
    )
    return ImageMoments.of(x.mean(axis=1), x.var(axis=1), positions)


def judged(moments: ImageMoments, mean: float = 0.0, variance: float = 1.0) -> Staleness:
    """Against the same stored mean and variance in every channel."""
    channels = moments.mean.shape[1]
    return staleness(np.full(channels, mean), np.full(channels, variance), 0.0, None, moments)


def test_numbers_of_every_channel() -> None:
    """Channel by channel in plain Python, from the values themselves; F without its small-sample terms is
    checked apart."""
    rng = np.random.default_rng(0)
    x = rng.normal(1, 2, (4, 9, 5))
    mean, variance = rng.normal(size=5), rng.uniform(0.5, 3, 5)
    found = staleness(mean, variance, EPSILON, None, ImageMoments.of(x.mean(axis=1), x.var(axis=1), 9))
    for c in range(5):
        values = x[:, :, c].ravel()
        mu, v = values.sum() / 36, sum((value - values.mean()) ** 2 for value in values) / 36
        d = (mu - mean[c]) / math.sqrt(variance[c] + EPSILON)
        r = math.sqrt((v + EPSILON) / (variance[c] + EPSILON))
        assert found.d[c] == pytest.approx(d)
        assert found.r[c] == pytest.approx(r)
        assert found.w[c] == pytest.approx(math.sqrt(d * d + (r - 1) ** 2))
        assert found.kl[c] == pytest.approx((r * r + d * d - 1 - 2 * math.log(r)) / 2)
    assert found.worst is not None
    assert found.worst.channel == int(np.argmax(found.w))
    assert (found.images, found.values) == (4, 36)


def test_w_is_the_gap_between_the_modes() -> None:
    """Root mean square of y_inference - y_training over |gamma|, from the outputs themselves; epsilon is
    small."""
    rng = np.random.default_rng(1)
    x = rng.normal(1, 2, (3, 50, 4))
    mean, variance, gamma = rng.normal(size=4), rng.uniform(0.5, 3, 4), np.array([1, -2, 0.5, 3])
    moments = ImageMoments.of(x.mean(axis=1), x.var(axis=1), 50)
    served = gamma * (x - mean) / np.sqrt(variance + 1e-9)
    trained = gamma * (x - x.mean(axis=(0, 1))) / np.sqrt(x.var(axis=(0, 1)) + 1e-9)
    gap = np.sqrt(((served - trained) ** 2).mean(axis=(0, 1)))
    np.testing.assert_allclose(
        np.abs(gamma) * staleness(mean, variance, 1e-9, gamma, moments).w, gap, rtol=1e-8
    )


def test_floor_of_many_images_is_the_plain_formula() -> None:
    """The small-sample terms are below 1 % for 256 images."""
    moments = images(256, 16, 8, 0.5, 8, seed=2)
    pooled = moments.pooled()
    q = moments.variance + (moments.mean - pooled.mean) ** 2
    plain = (moments.mean.var(axis=0, ddof=1) + q.var(axis=0, ddof=1) / (4 * pooled.variance)) / 256
    np.testing.assert_allclose(judged(moments).floor, plain, rtol=0.01)


def test_floor_of_one_image() -> None:
    assert judged(images(1, 16, 8, 0.5, 8, seed=3)).floor.tolist() == [1.5] * 8


@pytest.mark.parametrize(
    ("count", "positions", "between", "off"),
    [
        (2, 16, 0.5, 0.12),
        (4, 16, 0.5, 0.07),
        (8, 16, 0.5, 0.05),
        (64, 16, 0.5, 0.05),
        (2, 16, 0.2, 0.07),
        (64, 64, 0.5, 0.05),
        (4, 1, 1.0, 0.2),
        (16, 1, 1.0, 0.08),
    ],
)
def test_floor_is_what_right_statistics_score(count: int, positions: int, between: float, off: float) -> None:
    """E[W^2] over 300 draws of 64 channels agrees with F, within the relative `off`."""
    draws = [judged(images(count, positions, 64, between, 64, seed)) for seed in range(300)]
    floor = np.mean([draw.mean_floor for draw in draws])
    assert floor == pytest.approx(np.mean([draw.mean_w2 for draw in draws]), rel=off)


def test_correlated_pixels_are_no_samples() -> None:
    """64 images, 50 pixels, two thirds of the variance between images: F of about 0.01; 1.5/pixels would say
    0.0005."""
    draws = [judged(images(64, 50, 64, 0.64, 64, seed)) for seed in range(100)]
    assert np.mean([draw.mean_w2 for draw in draws]) == pytest.approx(0.0135, rel=0.1)
    assert np.mean([draw.mean_floor for draw in draws]) == pytest.approx(0.0135, rel=0.1)


@pytest.mark.parametrize(
    ("count", "most"), [(1, 0.005), (2, 0.005), (4, 0.005), (8, 0.005), (16, 0.005), (64, 0.005)]
)
def test_right_statistics_are_not_significant(count: int, most: float) -> None:
    """Share of false alarms over 400 draws of 64 channels that follow 8 causes, a fifth to a half of the
    variance between images."""
    for between in (0.2, 0.5):
        alarms = [judged(images(count, 16, 64, between, 8, seed)).significant for seed in range(400)]
        assert np.mean(alarms) <= most


@pytest.mark.parametrize("count", [8, 16, 64])
@pytest.mark.parametrize(("mean", "variance"), [(1.0, 1.0), (0.0, 0.25), (-0.8, 3.0)])
def test_stale_statistics_are_found(count: int, mean: float, variance: float) -> None:
    """In 99 % of 200 draws, with a score near the true W."""
    true = math.hypot(mean / math.sqrt(variance), 1 / math.sqrt(variance) - 1)
    draws = [judged(images(count, 16, 64, 0.2, 8, seed), mean, variance) for seed in range(200)]
    assert np.mean([draw.significant for draw in draws]) >= 0.99
    assert np.mean([draw.score for draw in draws]) == pytest.approx(true, rel=0.1)


def test_one_image_finds_only_the_gross() -> None:
    moments = images(1, 64, 32, 0.2, 32, seed=4)
    assert judged(moments).verdict == "inconclusive"
    assert judged(moments, mean=0.5).verdict == "inconclusive"
    assert judged(moments, mean=4.0).verdict == "error"


@pytest.mark.parametrize(("off", "significant"), [(2.1, False), (2.15, True), (2.5, True)])
def test_one_image_is_significant_from_three_times_its_floor(off: float, significant: bool) -> None:
    """W^2 of 4.5: the factor that fewer than two images have no second one for is 1."""
    one = judged(ImageMoments.of([[off] * 4], [[1.0] * 4], 64))
    assert one.mean_w2 == pytest.approx(off**2, rel=1e-2)
    assert one.significant is significant


@pytest.mark.parametrize("count", [4, 16, 64])
@pytest.mark.parametrize("off", [0.0, 0.5, 1.0])
def test_the_error_of_a_score_is_its_spread_over_images(count: int, off: float) -> None:
    """Of 200 sets of images the scores lie within two errors of the true one nearly always; and the error is
    no more than four times their spread where there is one.
    """
    drawn = [judged(images(count, 64, 32, 0.2, 32, seed=seed), off) for seed in range(200)]
    scores = np.array([one.score or 0.0 for one in drawn])
    errors = np.array([one.score_error or 0.0 for one in drawn])
    assert np.mean(np.abs(scores - off) <= 2 * errors) >= 0.95
    if off:
        assert np.median(errors) <= 4 * scores.std()


@pytest.mark.parametrize(
    ("mean", "verdict"), [(0.0, "fine"), (0.07, "fine"), (0.2, "note"), (0.45, "warning"), (1.0, "error")]
)
def test_verdicts(mean: float, verdict: str) -> None:
    """256 images: the floor is far below every threshold."""
    assert judged(images(256, 64, 32, 0.2, 32, seed=5), mean).verdict == verdict


def test_layers_without_spatial_axes() -> None:
    moments = images(32, 1, 16, 1.0, 16, seed=6)
    assert not moments.variance.any()
    assert not judged(moments).significant
    assert judged(moments, mean=3.0).verdict == "error"


def test_extreme_channels() -> None:
    """d = 20 in channels 3 and 7; gamma says that 7 was pruned."""
    moments = images(64, 16, 16, 0.2, 16, seed=7)
    mean, gamma = np.zeros(16), np.ones(16)
    mean[[3, 7]], gamma[7] = 20, 1e-6
    assert staleness(mean, np.ones(16), EPSILON, gamma, moments).extreme_channels == (3,)
    assert staleness(mean, np.ones(16), EPSILON, None, moments).extreme_channels == (3, 7)


def test_silent_channels_are_not_extreme() -> None:
    """A channel that is active on one image in five, and on none of these, has no spread to measure a floor
    from."""
    moments = images(4, 16, 16, 0.2, 16, seed=8)
    mean, variance = moments.mean.copy(), moments.variance.copy()
    mean[:, 0], variance[:, 0] = -0.5, 0.0
    found = judged(ImageMoments.of(mean, variance, 16))
    assert found.r[0] == 0
    assert found.floor[0] == 0
    assert found.extreme_channels == ()


@pytest.mark.parametrize(
    ("mean", "variance", "reason"),
    [
        (np.nan, 1.0, "not finite"),
        (0.0, np.inf, "not finite"),
        (0.0, 0.0, "not above 0"),
        (0.0, -1.0, "not above 0"),
    ],
)
def test_stored_statistics_that_cannot_normalize(mean: float, variance: float, reason: str) -> None:
    """An error whatever the images say, with finite numbers over the other channels."""
    moments = images(16, 4, 3, 0.2, 3, seed=9)
    found = staleness(np.array([0, mean, 0]), np.array([1, variance, 1]), None, None, moments)
    assert found.verdict == "error"
    assert found.reason is not None
    assert found.reason.startswith("1 of 3 channels")
    assert reason in found.reason
    assert found.score is not None
    assert math.isfinite(found.score)
    assert np.isnan(found.w).tolist() == [False, True, False]
    assert judged(moments, mean, variance).score is None


def test_what_is_measured_is_not_finite() -> None:
    moments = images(16, 4, 3, 0.2, 3, seed=10)
    mean = moments.mean.copy()
    mean[2, 1] = np.nan
    found = judged(ImageMoments.of(mean, moments.variance, 4))
    assert found.verdict == "inconclusive"
    assert found.reason == "1 of 3 channels: what the layer normalizes is not finite on these images"
    nothing = judged(ImageMoments.of(mean + np.inf, moments.variance, 4))
    assert (nothing.verdict, nothing.score, nothing.worst) == ("inconclusive", None, None)


def test_a_dead_channel_with_a_dead_average_is_right() -> None:
    """x is 0 everywhere and so is the stored variance; epsilon alone is divided by."""
    found = staleness(
        np.zeros(2), np.zeros(2), EPSILON, None, ImageMoments.of(np.zeros((8, 2)), np.zeros((8, 2)), 4)
    )
    assert (found.verdict, found.score, found.reason) == ("fine", 0.0, None)


def test_a_negative_variance_within_epsilon_is_said() -> None:
    found = staleness(np.zeros(2), np.full(2, -1e-4), EPSILON, None, images(16, 4, 2, 0.2, 2, seed=11))
    assert found.reason == "2 of 2 channels: the stored variance is negative"


def test_no_image_says_nothing() -> None:
    found = judged(ImageMoments.of(np.zeros((0, 3)), np.zeros((0, 3)), 4))
    assert (found.verdict, found.score) == ("inconclusive", None)
    assert (found.mean_w2, found.mean_floor, found.significant, found.score_error) == (0.0, 0.0, False, None)


def test_shapes_that_disagree() -> None:
    with pytest.raises(ValueError, match="moments of"):
        staleness(np.zeros(2), np.ones(2), EPSILON, None, images(2, 4, 3, 0.2, 3, seed=12))
