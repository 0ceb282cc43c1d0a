"""Pooled moments against NumPy over all values at once, in any grouping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.statistics.pooling import ImageMoments, Moments, concatenated, merged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def assert_exact(actual: Floats, expected: Floats) -> None:
    """To rounding."""
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def values(images: int, positions: int, channels: int, seed: int = 0) -> Floats:
    """(images, positions, channels), with images that differ."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(images, positions, channels)) + rng.normal(3, 2, (images, 1, channels))


def moments_of(x: Floats) -> ImageMoments:
    return ImageMoments.of(x.mean(axis=1), x.var(axis=1), x.shape[1])


@pytest.mark.parametrize(("images", "positions"), [(1, 1), (1, 9), (7, 1), (5, 12), (64, 49)])
def test_pooled_is_the_moments_of_all_values(images: int, positions: int) -> None:
    x = values(images, positions, 6)
    pooled = moments_of(x).pooled()
    assert_exact(pooled.mean, x.mean(axis=(0, 1)))
    assert_exact(pooled.variance, x.var(axis=(0, 1)))
    assert pooled.values == images * positions


def test_batches_of_unequal_size_merge_in_any_order() -> None:
    x = values(23, 5, 4, seed=1)
    parts = [moments_of(x[start:end]).pooled() for start, end in ((0, 8), (8, 16), (16, 23))]
    for order in (parts, parts[::-1], [merged(parts[:2]), parts[2]]):
        together = merged(order)
        assert_exact(together.mean, x.mean(axis=(0, 1)))
        assert_exact(together.variance, x.var(axis=(0, 1)))
        assert together.values == 23 * 5


def test_a_small_variance_survives_a_large_mean() -> None:
    """mean/std = 1e6, to a relative 1e-6."""
    x = values(6, 50, 2, seed=2) + 1e6
    pooled = merged([moments_of(part).pooled() for part in (x[:1], x[1:])])
    np.testing.assert_allclose(pooled.variance, x.var(axis=(0, 1)), rtol=1e-6)


def test_a_part_without_values_weighs_nothing() -> None:
    x = values(3, 4, 2)
    nothing = ImageMoments.of(np.zeros((0, 2)), np.zeros((0, 2)), 4).pooled()
    assert nothing.values == 0
    assert_exact(merged([nothing, moments_of(x).pooled()]).mean, x.mean(axis=(0, 1)))
    with pytest.raises(ValueError, match="no value"):
        merged([nothing])


def test_how_images_differ_is_the_variance_between_them() -> None:
    """Of their means, and of their mean squares about the mean of all."""
    x = values(9, 4, 3)
    found, mean = moments_of(x), x.mean(axis=(0, 1))
    assert_exact(found.of_means(), x.mean(axis=1).var(axis=0, ddof=1))
    assert_exact(found.of_squares(), ((x - mean) ** 2).mean(axis=1).var(axis=0, ddof=1))


def test_concatenated_keeps_every_image() -> None:
    x = values(9, 4, 3)
    together = concatenated([moments_of(x[:2]), moments_of(x[2:])])
    assert together.images == 9
    np.testing.assert_array_equal(together.mean, x.mean(axis=1))


def test_one_part_is_concatenated_as_it_is() -> None:
    one = moments_of(values(2, 4, 3))
    together = concatenated([one])
    np.testing.assert_array_equal(together.variance, one.variance)
    assert together.values == 4


@pytest.mark.parametrize(
    ("parts", "sizes"),
    [
        ([], "nothing"),
        ([values(2, 4, 3), values(2, 5, 3)], "4x3, 5x3"),
        ([values(2, 4, 3), values(2, 4, 2)], "4x3, 4x2"),
    ],
)
def test_concatenated_refuses_what_does_not_fit(parts: list[Floats], sizes: str) -> None:
    with pytest.raises(ValueError, match=f"images of one size .*not of {sizes}$"):
        concatenated([moments_of(part) for part in parts])


def test_rows_that_are_parts_of_an_image_are_grouped() -> None:
    """Four crops of each of three images, in order: three samples, not twelve."""
    x = values(12, 5, 2)
    grouped = moments_of(x).grouped(3)
    whole = x.reshape(3, 20, 2)
    assert_exact(grouped.mean, whole.mean(axis=1))
    assert_exact(grouped.variance, whole.var(axis=1))
    assert grouped.values == 20
    assert_exact(moments_of(x).grouped(1).variance, x.reshape(1, 60, 2).var(axis=1))
    for images in (5, 0, -3):
        with pytest.raises(ValueError, match=f"not equal parts of {images} images"):
            moments_of(x).grouped(images)


def test_float32_moments_are_pooled_in_float64() -> None:
    x = values(3, 4, 2)
    pooled = ImageMoments.of(x.mean(axis=1).astype(np.float32), x.var(axis=1).astype(np.float32), 4).pooled()
    assert isinstance(pooled, Moments)
    assert pooled.mean.dtype == pooled.variance.dtype == np.float64


@pytest.mark.parametrize(("mean", "variance"), [((3,), (3,)), ((2, 3), (2, 2)), ((2, 3), (3,))])
def test_other_shapes_are_refused(mean: tuple[int, ...], variance: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{mean} and {variance}")):
        ImageMoments.of(np.zeros(mean), np.zeros(variance), 1)
