"""Gain, what epsilon does to a 1, and the statements on them. NumPy's own arithmetic is the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bninspect.batchnorm.gain import gain, of_one, raised_by_wrapper
from bninspect.batchnorm.layer import BatchNorm, State, Statistics
from bninspect.render.graph.numbers import numbers
from bninspect.text import plain
from tests.support.reports import INITIAL, constant, fixed_training, held, layer, tensor


def said(one: BatchNorm) -> list[str]:
    return [line.text for line in numbers(one)]


def test_gain_is_gamma_over_the_root_of_variance_plus_epsilon() -> None:
    one = layer()
    epsilon = float(np.float32(0.001))
    expected = [
        1.0 / math.sqrt(0.25 + epsilon),
        0.5 / math.sqrt(1.0 + epsilon),
        2.0 / math.sqrt(4.0 + epsilon),
    ]
    slope = gain(one)
    assert slope is not None
    np.testing.assert_allclose(slope, expected, rtol=1e-15)
    assert slope.dtype == np.float64


def test_gamma_may_be_absent_or_one_for_all() -> None:
    for gamma in (None, constant("gamma", [1.0])):
        slope = gain(layer(gamma=gamma, epsilon=0.0))
        assert slope is not None
        np.testing.assert_allclose(slope, [2.0, 1.0, 0.5], rtol=1e-15)


def test_gain_is_unknown_where_a_part_is() -> None:
    assert gain(layer(epsilon=None)) is None
    assert gain(layer(gamma=tensor("gamma", "VariableV2"))) is None
    assert gain(layer(gamma=constant("gamma", [1.0, 2.0]))) is None
    assert gain(fixed_training()) is None


def test_gain_of_a_negative_variance_is_told() -> None:
    broken = Statistics(state=State.INVALID, reason="negative", values=held([0.0] * 3, [1.0, -2.0, 4.0]))
    assert any(text.endswith("not finite in 1 of 3 channels") for text in said(layer(statistics=broken)))


@pytest.mark.parametrize(
    ("epsilon", "one"), [(0.0, "1"), (1e-3, "0.9995004"), (1.001e-5, "0.999995"), (-2.0, "nan")]
)
def test_what_becomes_of_one(epsilon: float, one: str) -> None:
    assert plain(of_one(float(np.float32(epsilon)))) == one


@pytest.mark.parametrize(
    ("epsilon", "raised"),
    [(1.001e-5, True), (float(np.float32(1.001e-5)), True), (1e-5, False), (1.002e-5, False), (1e-3, False)],
)
def test_the_epsilon_of_the_wrapper(epsilon: float, raised: bool) -> None:
    assert raised_by_wrapper(epsilon) is raised
    assert any("Python wrapper" in text for text in said(layer(epsilon=epsilon))) is raised


def test_the_numbers_of_an_untrained_layer() -> None:
    trained_by_nobody = layer(
        statistics=INITIAL, momentum=float(np.float32(0.9)), updates="unused", trainable=()
    )
    first, *others = numbers(trained_by_nobody)
    assert (first.text, first.tone) == ("statistics initial: moving_mean 0, moving_variance 1", "error")
    assert [line.text for line in others] == [
        "epsilon 0.001",
        "1.0 becomes 0.9995004 = 1/sqrt(1+epsilon) with mean 0, variance 1, gamma 1, beta 0: "
        "epsilon alone takes 0.0005 away",
        "gain in inference mode, gamma/sqrt(moving_variance+epsilon): 0.4997502 .. 1.999001 over 3 channels",
        "momentum 0.9: moving = moving*0.9 + batch*0.1",
        "updates of the moving statistics: they exist, and no train op runs them",
        "in TRAINABLE_VARIABLES: none of them",
    ]


def test_an_unknown_epsilon_is_said_to_be_unknown() -> None:
    assert "epsilon unknown: it is not a number in the file" in said(layer(epsilon=None))


def test_an_epsilon_of_nothing_takes_nothing_away() -> None:
    assert "1.0 becomes 1 = 1/sqrt(1+epsilon) with mean 0, variance 1, gamma 1, beta 0" in said(
        layer(epsilon=0.0)
    )
