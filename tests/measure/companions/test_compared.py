"""One output alone and in company: what changed, and what is noise, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.measure.companions.companions import Dependence, _compared


def one(first: np.ndarray, again: np.ndarray, accompanied: np.ndarray, **how: object) -> Dependence:
    """The comparison of the same output in three runs of two images."""
    found = _compared("y:0", first, again, accompanied, how.get("control"), 2)  # type: ignore[arg-type]
    assert found is not None
    return found


ROWS = np.array([[1.0, -8.0], [2.0, 3.0]], np.float32)


def test_the_change_is_of_the_first_row_and_the_rerun_of_all() -> None:
    again, accompanied = ROWS.copy(), ROWS.copy()
    again[1, 0] += 0.25
    accompanied[0, 1] -= 3
    accompanied[1] += 100
    found = one(ROWS, again, accompanied, control=(ROWS, ROWS + 0.5))
    assert (found.change, found.rerun, found.size, found.control) == (3.0, 0.25, 8.0, 0.5)
    assert found.floor == 1.0  # four times the rerun
    assert (found.random, found.depends, found.share) == (True, False, 3.0 / 8.0)


def test_without_chance_the_floor_is_rounding() -> None:
    found = one(ROWS, ROWS, ROWS)
    assert found.floor == pytest.approx(100 * np.finfo(np.float32).eps * 8.0)
    assert (found.random, found.depends, found.control) == (False, False, None)
    moved = ROWS.copy()
    moved[0, 0] += 0.01
    assert one(ROWS, ROWS, moved).depends


def test_whole_numbers_have_no_rounding() -> None:
    rows = np.array([[1, 2], [3, 4]])
    found = one(rows, rows, rows + np.array([[1], [0]]))
    assert (found.floor, found.change, found.depends) == (0.0, 1.0, True)


def test_infinities_and_nan_beside_themselves_are_no_change() -> None:
    rows = np.array([[np.nan, np.inf], [1.0, 2.0]], np.float32)
    found = one(rows, rows, rows)
    assert (found.change, found.size) == (0.0, 2.0)
    other = np.array([[0.0, np.inf], [1.0, 2.0]], np.float32)
    assert one(rows, rows, other).change == np.inf


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(()),
        np.zeros((3, 2)),
        np.zeros((2, 2), np.complex64),
        np.array([["a"], ["b"]], object),
        np.array([[np.nan, np.nan], [1.0, 2.0]]),
    ],
    ids=["a number", "rows of other images", "complex", "texts", "nan throughout"],
)
def test_what_has_no_row_of_numbers_for_each_image_is_not_compared(values: np.ndarray) -> None:
    assert _compared("y:0", values, values, values, None, 2) is None


def test_the_nan_of_another_image_hides_nothing() -> None:
    rows = np.array([[1.0, 2.0], [np.nan, np.nan]])
    assert one(rows, rows, rows + 1.0).change == 1.0


def test_rows_without_values_do_not_change() -> None:
    found = one(np.zeros((2, 0)), np.zeros((2, 0)), np.zeros((2, 0)))
    assert (found.change, found.rerun, found.floor, found.size) == (0.0, 0.0, 0.0, 0.0)


def test_the_size_is_that_of_the_largest_finite_value() -> None:
    rows = np.array([[0.25, -0.5], [np.inf, np.nan]])
    assert one(rows, rows, rows).size == 0.5


def test_values_of_different_shapes_are_not_compared() -> None:
    assert _compared("y:0", ROWS, ROWS, np.zeros((2, 3)), None, 2) is None
