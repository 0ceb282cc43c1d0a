"""The median is NumPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bninspect.statistics.median import median


@pytest.mark.parametrize("size", [1, 2, 3, 10, 11, 256])
def test_it_is_that_of_numpy(size: int) -> None:
    values = np.random.default_rng(size).normal(size=size)
    assert median(values) == np.median(values)
    assert median(values.astype(np.float32).reshape(1, -1)) == np.median(values.astype(np.float32))


def test_nan_and_nothing_have_none() -> None:
    assert math.isnan(median([1.0, math.nan, 2.0]))
    assert math.isnan(median([]))
    assert median([1.0, math.inf]) == math.inf
