"""A layer with several sets of statistics is measured against the one that serves with what is fed."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.support.text import graph

pytestmark = pytest.mark.tensorflow

_MODEL = """
x = Placeholder(dtype=float, shape=[-1, 4, 4, 3])
phase = Placeholder(dtype=bool, shape=[])
averaged = Placeholder(dtype=bool, shape=[])
gamma = Const([1.0, 1.0, 1.0])
beta = Const([0.0, 0.0, 0.0])
mean = Const([0.5, -0.5, 0.25])
variance = Const([1.5, 2.5, 0.5])
mean2 = Const([4.0, 5.0, 6.0])
variance2 = Const([7.0, 8.0, 9.0])
axes = Const([0, 1, 2])
batch_mean = Mean(x, axes, T=float, Tidx=int32)
squares = SquaredDifference(x, batch_mean, T=float)
batch_variance = Mean(squares, axes, T=float, Tidx=int32)
kept_mean = SelectV2(averaged, mean, mean2, T=float)
kept_variance = SelectV2(averaged, variance, variance2, T=float)
m = SelectV2(phase, batch_mean, kept_mean, T=float)
v = SelectV2(phase, batch_variance, kept_variance, T=float)
epsilon = Const(0.001)
sum = AddV2(v, epsilon, T=float)
root = Rsqrt(sum, T=float)
centred = Sub(x, m, T=float)
y = Mul(centred, root, T=float)
"""


@pytest.mark.parametrize(("averaged", "mean"), [("true", [0.5, -0.5, 0.25]), ("false", [4.0, 5.0, 6.0])])
def test_the_set_that_is_fed_is_measured_and_the_other_is_said_not_to_be(
    averaged: str, mean: list[float]
) -> None:
    report = inspect(graph(_MODEL))
    request = Request(random=8, feeds=(f"averaged={averaged}",))
    found = probe(report, Question(layers=report.layers, companions=False, presets=False), request)
    (layer,) = found.layers
    assert found.verification.state == "verified"
    assert layer.moving_mean is not None
    np.testing.assert_array_equal(layer.moving_mean, mean)
    (other,) = found.skipped
    when = {"true": "not averaged:0", "false": "averaged:0"}[averaged]
    assert other.reason.startswith("not measured with what is fed: its statistics mean")
    assert other.reason.endswith(f"which serve when {when}")
