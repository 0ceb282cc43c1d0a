"""The standard error against the spread that redrawing the images really gives."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.statistics.certainty import standard_error
from bninspect.statistics.moment_sums import MomentSums
from bninspect.statistics.pooling import ImageMoments

DRAWS, IMAGES, CHANNELS, VALUES = 300, 32, 8, 25


def drawn(seed: int) -> MomentSums:
    """Moments of images whose means and variances differ, of one population."""
    draw = np.random.default_rng(seed)
    center = draw.normal(0, 0.7, (IMAGES, 1, CHANNELS))
    width = draw.uniform(0.5, 1.5, (IMAGES, 1, CHANNELS))
    values = center + width * draw.standard_normal((IMAGES, VALUES, CHANNELS))
    return MomentSums.of(ImageMoments.of(values.mean(axis=1), values.var(axis=1), VALUES))


def spread_of(sets: list[MomentSums]) -> float:
    """The root of the mean W^2 of these sets against all of them."""
    means = np.stack([one.pooled().mean for one in sets])
    variances = np.stack([one.pooled().variance for one in sets])
    mean, variance = means.mean(axis=0), variances.mean(axis=0)
    d = (means - mean) / np.sqrt(variance)
    r = np.sqrt(variances / variance)
    return float(np.sqrt((d**2 + (r - 1) ** 2).mean()))


def test_it_is_the_spread_of_redrawn_images() -> None:
    sets = [drawn(seed) for seed in range(DRAWS)]
    seen = spread_of(sets)
    predicted = np.sqrt(np.mean([(standard_error(one, None) or 0.0) ** 2 for one in sets]))
    assert predicted == pytest.approx(seen, rel=0.2)


def test_what_the_images_of_a_batch_have_in_common_is_gone_behind_a_batch_norm() -> None:
    """Batches of 8 images whose means are taken off the whole batch: images differ, batches hardly do."""
    draw = np.random.default_rng(3)

    def batch(count: int = 8) -> MomentSums:
        means = draw.normal(0, 1, (count, CHANNELS))
        means += 0.1 * draw.normal(size=CHANNELS) - means.mean(axis=0)
        return MomentSums.of(ImageMoments.of(means, np.ones_like(means), VALUES))

    sets, predicted, of_images = [], [], []
    for _ in range(DRAWS):
        batches = [batch() for _ in range(4)]
        between = MomentSums.merged([one.as_one() for one in batches])
        whole = MomentSums.merged([*batches, batch(2)])  # the last one is small, and no sample
        sets.append(whole)
        predicted.append((standard_error(whole, None, between) or 0.0) ** 2)
        of_images.append((standard_error(whole, None) or 0.0) ** 2)
    seen = spread_of(sets)
    assert np.sqrt(np.mean(predicted)) == pytest.approx(seen, rel=0.2)
    assert np.sqrt(np.mean(of_images)) > 1.5 * seen


def test_few_batches_do_not_speak_for_themselves() -> None:
    sets = [drawn(seed) for seed in range(2)]
    whole, between = MomentSums.merged(sets), MomentSums.merged([one.as_one() for one in sets])
    assert standard_error(whole, None, between) == standard_error(whole, None)


def test_it_falls_as_the_root_of_the_images() -> None:
    few, many = drawn(1), MomentSums.merged([drawn(seed) for seed in range(1, 17)])
    one, other = standard_error(few, None), standard_error(many, None)
    assert one is not None
    assert other is not None
    assert other == pytest.approx(one / 4, rel=0.25)


def test_one_image_says_nothing() -> None:
    single = MomentSums.of(ImageMoments.of([[0.0]], [[1.0]], 4))
    assert standard_error(single, 1e-3) is None
    assert standard_error(MomentSums.of(ImageMoments.of([[np.nan]] * 3, [[1.0]] * 3, 4)), 1e-3) is None


@pytest.mark.parametrize(("batches", "speak"), [(2, False), (3, True), (4, True)])
def test_from_three_batches_on_the_batches_are_the_samples(batches: int, speak: bool) -> None:
    sets = [drawn(seed) for seed in range(batches)]
    whole, between = MomentSums.merged(sets), MomentSums.merged([one.as_one() for one in sets])
    assert (standard_error(whole, None, between) == standard_error(whole, None)) is not speak


def test_two_images_are_samples_of_each_other() -> None:
    """Means of -1 and 1, variances of 1: F = (s2 + 5 s2^2 (I - 1)/(I (I + 1))/(4 (v + s2/I)))/(I v)."""
    pair = MomentSums.of(ImageMoments.of([[-1.0], [1.0]], [[1.0], [1.0]], 4))
    s2, v = 2.0, 2.0  # of the two means, with I - 1; of all values
    floor = (s2 + 5 * s2**2 / 6 / (4 * (v + s2 / 2))) / (2 * v)
    assert standard_error(pair, None) == pytest.approx(np.sqrt(floor))


def test_the_error_of_full_batches_is_scaled_to_all_values() -> None:
    """Three batches of means -1, 0 and 1 and variance 1, 8 values each; a fourth of 4 values is no sample.
    Its mean and variance are those of all: F of the three, times 24/28.
    """
    batches = [MomentSums.of(ImageMoments.of([[mean]], [[1.0]], 8)) for mean in (-1.0, 0.0, 1.0)]
    small = MomentSums.of(ImageMoments.of([[0.0]], [[5 / 3]], 4))
    whole, between = MomentSums.merged([*batches, small]), MomentSums.merged(batches)
    v, s2 = 5 / 3, 1.0  # of all values; of the three means, with I - 1
    squares = 1 / 3  # of 1 + (-1)^2, 1 and 1 + 1^2, with I - 1
    floor = (s2 + (squares + 5 * s2**2 * 2 / 12) / (4 * (v + s2 / 3))) / (3 * v)
    assert whole.moments.variance == pytest.approx([v])
    assert standard_error(whole, None, between) == pytest.approx(np.sqrt(floor * 24 / 28))
