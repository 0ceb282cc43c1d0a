"""The distance of two modes, against the formulas written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.statistics.distance import RELATIVE_FLOOR, Meter
from tests.support.measuring import difference

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_numbers_of_a_difference() -> None:
    rng = np.random.default_rng(0)
    t, i = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    found = difference(t.astype(np.float32), i.astype(np.float32))
    gap = i - t
    assert found.values == 24
    assert found.max_abs == pytest.approx(np.abs(gap).max(), rel=1e-6)
    assert found.mean_abs == pytest.approx(np.abs(gap).mean(), rel=1e-6)
    assert found.rms == pytest.approx(np.sqrt((gap**2).mean()), rel=1e-6)
    assert found.relative_l2 == pytest.approx(np.linalg.norm(gap) / np.linalg.norm(t), rel=1e-6)
    cosine = (t * i).sum() / np.linalg.norm(t) / np.linalg.norm(i)
    assert found.cosine == pytest.approx(cosine, rel=1e-5)
    assert found.top1_agreement == (t.argmax(1) == i.argmax(1)).mean()


def test_batches_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(1)
    t, i = rng.normal(size=(7, 3)), rng.normal(size=(7, 3))
    meter = Meter()
    for start, stop in ((0, 2), (2, 3), (3, 7)):
        meter.add(t[start:stop], i[start:stop])
    parts, whole = meter.difference(), difference(t, i)
    assert parts is not None
    assert (parts.values, parts.max_abs, parts.top1_agreement) == (21, whole.max_abs, whole.top1_agreement)
    assert parts.rms == pytest.approx(whole.rms, rel=1e-12)


def test_a_training_mode_of_zeros_is_measured_against_the_floor() -> None:
    found = difference(np.zeros(4), np.full(4, 1e-3))
    assert found.relative_l2 == pytest.approx(1e-3 / RELATIVE_FLOOR)
    assert found.cosine is None


def test_a_small_difference_is_told_as_it_is() -> None:
    found = difference(np.array([[0.5]]), np.array([[0.25]]))
    assert (found.max_abs, found.mean_abs, found.rms, found.relative_l2) == (0.25, 0.25, 0.25, 0.5)
    assert found.cosine == 1.0


def test_float16_does_not_overflow() -> None:
    found = difference(np.full(1000, -6e4, np.float16), np.full(1000, 6e4, np.float16))
    assert found.max_abs == pytest.approx(12e4, rel=1e-3)


def test_what_is_not_finite_stays_so() -> None:
    found = difference(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    assert np.isnan(found.max_abs)
    assert np.isnan(found.rms)


def test_top1_is_for_rows_of_classes_only() -> None:
    assert difference(np.ones((2, 1)), np.ones((2, 1))).top1_agreement is None
    assert difference(np.ones((2, 3, 3, 4)), np.ones((2, 3, 3, 4))).top1_agreement is None


def test_a_row_that_is_no_number_has_no_top_1() -> None:
    t = np.array([[np.nan, np.nan], [1.0, 2.0]])
    assert difference(t, t).top1_agreement == 0.5


def test_classes_are_compared_by_agreement_and_not_subtracted() -> None:
    meter = Meter()
    meter.add(np.array([[1, 7, 2, 2]]), np.array([[1, 9, 2, 3]]))
    meter.add(np.array([[True]]), np.array([[True]]))
    assert meter.difference() is None
    assert meter.agreement() == 3 / 5
    assert meter.top() is None


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.bool_])
def test_nothing_is_measured_of_no_values(dtype: type[np.generic]) -> None:
    meter = Meter()
    meter.add(np.zeros((0, 7), dtype), np.zeros((0, 7), dtype))
    assert (meter.difference(), meter.agreement(), meter.top()) == (None, None, None)


def test_the_largest_values_of_the_first_row() -> None:
    meter = Meter()
    t = np.zeros((2, 1, 1, 7))
    t[0, 0, 0] = [0.5, 3, np.nan, 2, 9, -1, 1]
    meter.add(t, 2 * t)
    top = meter.top()
    assert top is not None
    assert [ranked.place for ranked in top.training] == [4, 1, 3, 6, 0]
    assert top.inference[0] == (4, 18.0)
    assert meter.rows == 2


@pytest.mark.parametrize(
    "shape", [(3,), (2, 1), (2, 3, 4), (2, 3, 1, 4), (2, 1, 3, 4), (2, 3, 3, 4), (0, 4), ()]
)
def test_only_rows_of_classes_have_largest_values(shape: tuple[int, ...]) -> None:
    meter = Meter()
    meter.add(np.ones(shape), np.ones(shape))
    assert meter.top() is None


@pytest.mark.parametrize(
    ("training", "inference"),
    [([np.nan, 1.0], [5.0, 1.0]), ([5.0, 1.0], [np.nan, 1.0])],
    ids=["training", "inference"],
)
def test_a_row_that_one_mode_spoils_agrees_with_none(training: list[float], inference: list[float]) -> None:
    """A row that is no number has its largest value at the nan, says NumPy."""
    assert difference(np.array([training]), np.array([inference])).top1_agreement == 0


@pytest.mark.parametrize("values", [np.array([1, 2]), np.zeros((0, 2))], ids=["whole numbers", "none"])
def test_what_has_no_difference_is_refused(values: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="only real numbers are subtracted, and at least one of them"):
        difference(values, values)
