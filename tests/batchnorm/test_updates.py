"""The training side of a layer as tf.layers of TensorFlow 1.7 wrote it, which no fixture holds."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import BatchNorm
from tests.batchnorm.parts import IMAGE, MOMENTS, PARAMETERS, PHASE, only_layer

STORED = (
    (IMAGE + PHASE + PARAMETERS)
    .replace("mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(dtype=float, shape=[3])")
    .replace("variance = Const([1.5, 2.5, 0.5])", "variance = VariableV2(dtype=float, shape=[3])")
)
CHOSEN = """
c_mean_batch = Switch(batch_mean, phase)
c_mean_stored = Switch(mean, phase)
c_mean = Merge(c_mean_stored, c_mean_batch:1)
c_variance_batch = Switch(batch_variance, phase)
c_variance_stored = Switch(variance, phase)
c_variance = Merge(c_variance_stored, c_variance_batch:1)
widened = Add(c_variance, epsilon)
root = Rsqrt(widened)
scale = Mul(root, gamma)
scaled = Mul(x, scale)
shift = Mul(c_mean, scale)
offset = Sub(beta, shift)
y = Add(scaled, offset)
"""
UPDATES_INSIDE = """
u_old = Switch(mean, phase)
u_new = Switch(c_mean, phase)
u_gap = Sub(u_old{port}, u_new{port})
u_rate = Const(0.01)
u_step = Mul(u_gap, u_rate)
u_variable = RefSwitch(mean, phase)
update = AssignSub(u_variable{port}, u_step)
"""
UPDATES_BY_RATE = """
r_on = Const({learning})
r_off = Const({idle})
r = Merge(r_off, r_on)
gap = Sub(mean, c_mean)
step = Mul(gap, {rate})
update = AssignSub(mean, step)
"""
TRAIN = """
gradient = Mul(beta, beta)
learn = ApplyGradientDescent(beta, epsilon, gradient{control})
"""


def layer_with(updates: str, *, run: bool = True) -> BatchNorm:
    train = TRAIN.format(control=", ^update" if run else "")
    return only_layer(STORED + MOMENTS + CHOSEN + updates + train + "head = Relu(y)\n")


@pytest.mark.parametrize("port", ["", ":1"])
@pytest.mark.parametrize("run", [True, False])
def test_updates_inside_a_conditional_of_their_own(port: str, run: bool) -> None:
    """The batch mean goes through a Switch once more, and leaves it by either port."""
    layer = layer_with(UPDATES_INSIDE.format(port=port), run=run)
    assert layer.updates == ("run" if run else "unused")
    assert layer.momentum == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("learning", "idle", "rate"), [(0.25, 0.0, "r"), (0.75, 1.0, "rest"), (0.0, 1.0, "rest")]
)
def test_a_conditional_momentum(learning: float, idle: float, rate: str) -> None:
    """A rate of 0 or a momentum of 1 where nothing is learned."""
    text = UPDATES_BY_RATE.format(learning=learning, idle=idle, rate=rate)
    if rate == "rest":
        text = text.replace("gap =", "one = Const(1.0)\nrest = Sub(one, r)\ngap =")
    expected = 1.0 - learning if rate == "r" else learning
    assert layer_with(text).momentum == pytest.approx(expected)


def test_no_momentum_of_two_rates() -> None:
    """Both branches learn, each its way."""
    assert layer_with(UPDATES_BY_RATE.format(learning=0.25, idle=0.5, rate="r")).momentum is None
