"""What a layer multiplies by, per channel."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm.gain import gain, of_one, raised_by_wrapper
from bninspect.batchnorm.layer import State, Statistics
from tests.support.reports import constant, layer, statistics, tensor

if TYPE_CHECKING:
    from bninspect.graph import Tensor

STORED = statistics([0.0, 0.5], [3.0, 8.0])


@pytest.mark.parametrize(
    ("gamma", "slope"),
    [
        (constant("gamma", [2.0, 6.0]), [1.0, 2.0]),
        (constant("gamma", [6.0]), [3.0, 2.0]),
        (None, [0.5, 1 / 3]),
    ],
    ids=["of two channels", "one for all", "none"],
)
def test_gamma_over_the_root_of_variance_and_epsilon(gamma: Tensor | None, slope: list[float]) -> None:
    found = gain(layer(statistics=STORED, epsilon=1.0, gamma=gamma))
    assert found is not None
    assert (found.dtype.name, found.shape) == ("float64", (2,))
    assert list(found) == slope


def test_where_nothing_is_left_under_the_root_it_is_infinite_or_no_number() -> None:
    found = gain(layer(statistics=STORED, epsilon=-3.0, gamma=constant("gamma", [2.0, 0.0])))
    assert found is not None
    assert list(found) == [np.inf, 0.0]
    below = gain(layer(statistics=STORED, epsilon=-4.0, gamma=None))
    assert below is not None
    assert isnan(below[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"epsilon": None},
        {"statistics": Statistics(state=State.UNREAD, reason="not read")},
        {"gamma": constant("gamma", [1.0, 2.0, 3.0])},
        {"gamma": tensor("gamma", "VariableV2")},
    ],
    ids=["no epsilon", "no statistics", "three gammas of two channels", "gamma in a variable"],
)
def test_what_is_not_in_the_file_gives_no_gain(changes: dict[str, object]) -> None:
    facts: dict[str, object] = {"statistics": STORED, "epsilon": 1.0, "gamma": None, **changes}
    assert gain(layer(**facts)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("epsilon", "result"), [(0.0, 1.0), (3.0, 0.5), (-0.75, 2.0)])
def test_what_one_becomes(epsilon: float, result: float) -> None:
    assert of_one(epsilon) == result


@pytest.mark.parametrize("epsilon", [-1.0, -2.0])
def test_what_one_becomes_without_a_root(epsilon: float) -> None:
    assert isnan(of_one(epsilon))


SPACING = float(np.spacing(np.float32(1.001e-5)))


@pytest.mark.parametrize(
    ("epsilon", "is_raised"),
    [
        (1.001e-5, True),
        (float(np.float32(1.001e-5)), True),
        (1.001e-5 + 0.9 * SPACING, True),
        (1.001e-5 + SPACING, True),
        (1.001e-5 - 0.9 * SPACING, True),
        (1.001e-5 + 1.1 * SPACING, False),
        (1e-5, False),
        (1e-3, False),
        (0.0, False),
    ],
)
def test_the_epsilon_that_the_wrapper_wrote(epsilon: float, is_raised: bool) -> None:
    assert raised_by_wrapper(epsilon) is is_raised
