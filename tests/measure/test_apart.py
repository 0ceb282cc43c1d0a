"""How far two arrays lie apart, and how far they may: the judgement of every verification."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from bninspect.measure.verify import HALF_TOLERANCE, TOLERANCE, difference_and_allowance


@pytest.mark.parametrize(
    ("own", "original", "found"),
    [
        ([1.0, 2.0], [1.0, 2.0], (0.0, 0.0)),
        ([1.0, 2.5], [1.0, 2.0], (0.5, 2.0 * TOLERANCE)),
        ([1.0, nan, inf], [1.5, nan, inf], (0.5, 1.5 * TOLERANCE)),
        ([1.0, nan], [1.0, 2.0], (inf, 2.0 * TOLERANCE)),
        ([1.0, inf], [1.0, -inf], (inf, 1.0 * TOLERANCE)),
        ([1.0, inf], [1.0, 2.0], (inf, 2.0 * TOLERANCE)),
        ([True, False], [True, True], (1.0, 1.0 * TOLERANCE)),
        ([3, -7], [3, -5], (2.0, 5.0 * TOLERANCE)),
    ],
)
def test_numbers(own: list[float], original: list[float], found: tuple[float, float]) -> None:
    assert difference_and_allowance(np.array(own), np.array(original)) == found


def test_shapes_and_texts_have_no_distance() -> None:
    assert difference_and_allowance(np.zeros(2), np.zeros((2, 1))) == (inf, 0.0)
    assert difference_and_allowance(np.array([b"a"], object), np.array([b"a"], object)) == (0.0, 0.0)
    assert difference_and_allowance(np.array([b"a"], object), np.array([b"b"], object)) == (inf, 0.0)


def test_half_precision_has_a_tolerance_of_its_own() -> None:
    own, original = np.array([1.0, 2.0], np.float16), np.array([1.0, 4.0], np.float16)
    assert difference_and_allowance(own, original) == (2.0, 4.0 * HALF_TOLERANCE)
