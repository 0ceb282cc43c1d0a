"""How much images differ, from sums alone, against NumPy with all images at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.statistics.moment_sums import MomentSums
from bninspect.statistics.pooling import ImageMoments
from bninspect.statistics.staleness import staleness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

IMAGES, CHANNELS, VALUES = 60, 5, 49


def images(seed: int, level: float = 3.0) -> ImageMoments:
    draw = np.random.default_rng(seed)
    means = level + draw.normal(0, 2, CHANNELS) + draw.normal(0, 0.3, (IMAGES, CHANNELS))
    return ImageMoments.of(means, draw.uniform(0.5, 2, (IMAGES, CHANNELS)), VALUES)


def batches(whole: ImageMoments, *sizes: int) -> list[MomentSums]:
    """The images in batches of these sizes."""
    ends = np.cumsum(sizes)
    assert ends[-1] == whole.images
    return [
        MomentSums.of(ImageMoments.of(whole.mean[end - size : end], whole.variance[end - size : end], VALUES))
        for size, end in zip(sizes, ends, strict=True)
    ]


@pytest.mark.parametrize("level", [0.0, 3.0, 1e3], ids=["around 0", "off 0", "far from 0"])
@pytest.mark.parametrize("sizes", [(60,), (20, 20, 20), (1, 32, 27), (59, 1)], ids=str)
def test_batches_give_what_all_images_give(sizes: tuple[int, ...], level: float) -> None:
    whole = images(1, level)
    merged = MomentSums.merged(batches(whole, *sizes))
    pooled = whole.pooled()
    assert merged.images == IMAGES
    assert merged.pooled().values == pooled.values
    np.testing.assert_allclose(merged.pooled().mean, pooled.mean, rtol=1e-12)
    np.testing.assert_allclose(merged.pooled().variance, pooled.variance, rtol=1e-9)
    np.testing.assert_allclose(merged.of_means(), whole.mean.var(axis=0, ddof=1), rtol=1e-9)
    q = whole.variance + (whole.mean - pooled.mean) ** 2
    np.testing.assert_allclose(merged.of_squares(), q.var(axis=0, ddof=1), rtol=1e-9)


def test_one_batch_after_another_is_all_at_once() -> None:
    parts = batches(images(2), 7, 20, 13, 20)
    running = parts[0]
    for part in parts[1:]:
        running = MomentSums.merged([running, part])
    backwards = MomentSums.merged(parts[::-1])
    np.testing.assert_allclose(running.pooled().mean, backwards.pooled().mean, rtol=1e-13)
    np.testing.assert_allclose(running.pooled().variance, backwards.pooled().variance, rtol=1e-12)
    np.testing.assert_allclose(running.of_squares(), backwards.of_squares(), rtol=1e-10)


def test_sums_are_moved_to_another_origin_more_than_once() -> None:
    """Their own origin is not their mean any more once batches were merged."""
    whole = images(5, 3.0)
    first, *others = batches(whole, 7, 13, 40)
    merged = MomentSums.merged([first, MomentSums.merged(others)])
    q = whole.variance + (whole.mean - whole.pooled().mean) ** 2
    np.testing.assert_allclose(merged.of_squares(), q.var(axis=0, ddof=1), rtol=1e-9)
    np.testing.assert_allclose(merged.of_means(), whole.mean.var(axis=0, ddof=1), rtol=1e-9)


def test_a_layer_is_judged_as_with_all_images_at_hand() -> None:
    whole = images(3)
    stored = whole.pooled().mean + 0.5, whole.pooled().variance * 1.5
    merged = MomentSums.merged(batches(whole, 30, 30))
    one, other = (staleness(*stored, 1e-3, None, moments) for moments in (whole, merged))
    assert one.score is not None
    assert one.score == pytest.approx(other.score, rel=1e-9)
    assert one.verdict == other.verdict == "warning"
    np.testing.assert_allclose(one.floor, other.floor, rtol=1e-8)


def test_a_batch_as_one_sample_knows_nothing_of_its_images() -> None:
    """Three of them merged are as three images with their moments."""
    parts = batches(images(4), 20, 20, 20)
    merged = MomentSums.merged([part.as_one() for part in parts])
    means, variances = (
        np.stack([getattr(part.pooled(), name) for part in parts]) for name in ("mean", "variance")
    )
    expected = ImageMoments.of(means, variances, 20 * VALUES)
    assert (merged.images, merged.pooled().values) == (3, IMAGES * VALUES)
    np.testing.assert_allclose(merged.of_means(), expected.of_means(), rtol=1e-9)
    np.testing.assert_allclose(merged.of_squares(), expected.of_squares(), rtol=1e-9)
    two = MomentSums.merged([part.as_one() for part in parts[:2]])
    np.testing.assert_allclose(two.of_means(), means[:2].var(axis=0, ddof=1), rtol=1e-9)
