"""Which channels count as collapsed, as alive, as steep: numbers at a bound, and just beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bninspect.batchnorm.layer import MovingStatistics
from bninspect.rules.facts.values import Values
from tests.support.reports import constant, layer


def values(variance: list[float], gamma: list[float] | None = None, epsilon: float | None = 0.001) -> Values:
    moving = MovingStatistics(mean=constant("bn/mean", []), variance=constant("bn/variance", []))
    return Values(
        layer=layer("bn", epsilon=epsilon),
        moving=moving,
        mean=np.zeros(len(variance)),
        variance=np.array(variance),
        gamma=np.array(gamma or [1.0] * len(variance)),
    )


@pytest.mark.parametrize(
    ("variance", "gamma", "epsilon", "collapsed"),
    [
        (2e-4, 1.0, 0.001, True),
        (2.1e-4, 1.0, 0.001, False),
        (2e-4, 1.0, 2e-4, True),
        (2e-4, 1.0, 1e-5, False),
        (2e-4, 20.0, 1e-5, True),
        (2e-4, 14.0, 1e-5, False),
        (1e-4, 10.0, None, False),
        (1e-4, 10.01, None, True),
        (1e-12, 0.0, None, True),
        (1.1e-12, 0.0, None, False),
        (0.0, 0.0, None, True),
        (-1.0, 1.0, None, True),
    ],
    ids=[
        "a ten-thousandth of the median, within epsilon", "more of it", "just epsilon",
        "beyond epsilon", "and steep", "and not steep",
        "as steep as may be", "steeper", "vanished", "not quite, and pruned", "0", "negative",
    ],
)  # fmt: skip
def test_a_channel_is_collapsed(
    variance: float, gamma: float, epsilon: float | None, collapsed: bool
) -> None:
    """Beside two channels of variance 2, which are the median of the layer."""
    found = values([variance, 2.0, 2.0], [gamma, 1.0, 1.0], epsilon)
    assert found.median() == 2.0
    assert found.collapsed().tolist() == [collapsed, False, False]


def test_a_layer_without_variance_has_no_median() -> None:
    found = values([0.0, 1e-12])
    assert (found.median(), found.size) == (0.0, 2)
    assert found.collapsed().tolist() == [True, True]
    assert (found.node, found.variance_node) == ("bn/mean", "bn/variance")


def test_the_gain_is_the_slope_of_a_channel() -> None:
    assert values([3.0, 0.0], [2.0, 1.0], 1.0).gain().tolist() == [1.0, 1.0]
    assert values([4.0, 0.0], [2.0, 1.0], None).gain().tolist() == [1.0, math.inf]


def test_a_channel_is_alive_above_a_thousandth_of_the_median_gamma() -> None:
    assert values([1.0] * 4, [1000.0, 1000.0, 1.01, 2000.0]).alive().tolist() == [True] * 4
    assert values([1.0] * 3, [1000.0, 1000.0, 1.0]).alive().tolist() == [True, True, False]
    assert values([1.0] * 3, [0.001, 0.001, 0.01]).alive().tolist() == [True] * 3
