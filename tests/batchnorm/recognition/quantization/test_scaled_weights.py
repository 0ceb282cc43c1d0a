"""Batch norm folded into the weights of a convolution: what quantization-aware training makes of a model."""

from __future__ import annotations

import re

import pytest

from bninspect.batchnorm import Form, Mode, inspect
from bninspect.batchnorm.layer import State
from bninspect.graph import load
from tests.support import text
from tests.support.places import FIXTURES

CASES = FIXTURES / "cases"
MODES = {
    "quantized_eval.pb": (Mode.INFERENCE, None, State.STORED),
    "quantized_eval_unfused.pb": (Mode.INFERENCE, None, State.STORED),
    "quantized_training.pb": (Mode.TRAINING, None, State.ABSENT),
    "quantized_training_unfused.pb": (Mode.TRAINING, None, State.ABSENT),
    "quantized_frozen_step.pb": (Mode.INFERENCE, True, State.STORED),
    "quantized_early_step.pb": (Mode.TRAINING, False, State.STORED),
    "quantized_by_step.meta": (Mode.SWITCHED, None, State.UNREAD),
}
"""Per case the mode, the constant that decides where one does, the state of the statistics."""


@pytest.mark.parametrize("name", MODES)
def test_modes(name: str) -> None:
    report = inspect(load(str(CASES / name)), outputs=("output",))
    mode, constant, state = MODES[name]
    assert [layer.name for layer in report.layers] == ["conv/BatchNorm", "depthwise/BatchNorm"]
    for layer in report.layers:
        assert (layer.form, layer.mode, layer.statistics.state) == (Form.FOLDED, mode, state)
        assert (layer.switch and layer.switch.constant) == constant
        assert layer.epsilon == pytest.approx(1e-3)
        assert layer.channels == 4
        assert layer.beta is not None
        assert layer.beta.name == f"{layer.name}/beta:0"
        if state is not State.ABSENT:
            assert layer.moving_mean is not None
            assert layer.moving_variance is not None
            assert layer.moving_mean.name == f"{layer.name}/moving_mean:0"
            assert layer.moving_variance.name == f"{layer.name}/moving_variance:0"
    assert (report.lookalikes, report.unrecognised) == ((), ())


def test_the_step_decides() -> None:
    report = inspect(load(str(CASES / "quantized_by_step.meta")), outputs=("output",))
    for layer in report.layers:
        assert layer.switch is not None
        assert layer.switch.training_when_predicate is False
        assert "fake_quantization_step:0" in (layer.switch.predicate.reason or "")
        assert layer.momentum == pytest.approx(0.9) or layer.momentum is None
        assert len(layer.update_ops) == 2


@pytest.mark.parametrize("name", ["quantized_by_step.meta", "quantized_training.pb"])
def test_what_folding_left_behind_is_no_layer_and_no_output(name: str) -> None:
    report = inspect(load(str(CASES / name)))
    assert [tensor.name for tensor in report.outputs] == ["output:0"]
    assert [layer.form for layer in report.layers] == [Form.FOLDED, Form.FOLDED]


FOLDED = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
kernel = Const([1.0, 2.0, 3.0, 4.0])
sizes = Const([1, 1, 2, 2])
weights = Reshape(kernel, sizes, T=float, Tshape=int32)
gamma = Const([1.5, 0.5])
beta = Const([0.1, 0.2])
mean = Const([0.3, 0.4])
variance = Const([2.0, 3.0])
epsilon = Const(0.001)
added = Add(variance, epsilon)
root = Rsqrt(added)
multiplier = Mul(gamma, root)
scaled = Mul(weights, multiplier)
low = Const(-6.0)
high = Const(6.0)
rounded = FakeQuantWithMinMaxVars(scaled, low, high)
conv = Conv2D(x, rounded, strides=[1, 1, 1, 1], padding="SAME", T=float)
shift = Mul(mean, multiplier)
offset = Sub(beta, shift)
y = Add(conv, offset)
out = Relu(y)
"""


def test_by_hand_and_under_other_names() -> None:
    names = re.findall(r"^(\w+) =", FOLDED, re.MULTILINE)
    other = FOLDED
    for number, name in enumerate(names):
        other = re.sub(rf"\b{name}\b(?!=)", f"n{number}", other)
    for written in (FOLDED, other):
        (layer,) = inspect(text.graph(written)).layers
        assert (layer.form, layer.mode, layer.op) == (Form.FOLDED, Mode.INFERENCE, "Conv2D")
        assert layer.statistics.values is not None
        assert layer.statistics.values.variance_range == (2.0, 3.0)
        assert layer.statistics.values.mean_range == pytest.approx((0.3, 0.4))
        assert layer.output.node.op == "Add"


def test_without_beta_the_mean_is_negated_first() -> None:
    other = FOLDED.replace(
        "shift = Mul(mean, multiplier)", "minus = Neg(mean)\nshift = Mul(minus, multiplier)"
    )
    (layer,) = inspect(text.graph(other.replace("y = Add(conv, offset)", "y = Add(conv, shift)"))).layers
    assert (layer.form, layer.beta) == (Form.FOLDED, None)
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"


def test_what_is_normalized_carries_the_name_of_the_convolution_of_the_file() -> None:
    (layer,) = inspect(text.graph(FOLDED)).layers
    assert layer.x.name == "conv:0"
    assert layer.x.node.inputs[1].node.name == "weights"


OTHERS = {
    "no mean is taken off": (("y = Add(conv, offset)", "y = Add(conv, beta)"), "no x - mean is found"),
    "another multiplier": (
        ("shift = Mul(mean, multiplier)", "shift = Mul(mean, root)"),
        "no x - mean is found",
    ),
    "data is added for beta": (
        ("offset = Sub(beta, shift)", "fed = Placeholder(dtype=float, shape=[2])\noffset = Sub(fed, shift)"),
        "no x - mean is found",
    ),
    "the root is divided by gamma": (
        ("multiplier = Mul(gamma, root)", "multiplier = RealDiv(root, gamma)"),
        "no x - mean is found",
    ),
    "the scale is of the input channels": (
        (
            "scaled = Mul(weights, multiplier)",
            "rows = Const([2, 1])\nlaid = Reshape(multiplier, rows)\nscaled = Mul(weights, laid)",
        ),
        "no x - mean is found",
    ),
}
"""Per name what is written otherwise, and what is said."""


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_none_is_said(name: str) -> None:
    (old, new), reason = OTHERS[name]
    assert old in FOLDED
    report = inspect(text.graph(FOLDED.replace(old, new)))
    assert report.layers == ()
    assert [reason in found.reason for found in report.unrecognised] == [True]


def test_weight_normalization_is_no_batch_norm() -> None:
    report = inspect(
        text.graph("""
x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
kernel = Const([1.0, 2.0, 3.0, 4.0])
sizes = Const([1, 1, 2, 2])
weights = Reshape(kernel, sizes, T=float, Tshape=int32)
axes = Const([0, 1, 2])
squares = Square(weights)
sum = Sum(squares, axes)
root = Rsqrt(sum)
gain = Const([1.5, 0.5])
multiplier = Mul(gain, root)
scaled = Mul(weights, multiplier)
conv = Conv2D(x, scaled, strides=[1, 1, 1, 1], padding="SAME", T=float)
beta = Const([0.1, 0.2])
y = Add(conv, beta)
""")
    )
    assert report.layers == ()


CHAIN = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
late = Placeholder(dtype=bool)
gamma = Const([1.5, 0.5])
beta = Const([0.1, 0.2])
mean = Const([0.3, 0.4])
variance = Const([2.0, 3.0])
epsilon = Const(0.001)
added = Add(variance, epsilon)
root = Rsqrt(added)
multiplier = Mul(gamma, root)
product = Mul(x, multiplier)
low = Const(-6.0)
high = Const(6.0)
rounded = FakeQuantWithMinMaxVars(product, low, high)
as_it_is = Switch(product, late)
as_rounded = Switch(rounded, late)
merge = Merge(as_it_is, as_rounded:1)
shift = Mul(mean, multiplier)
offset = Sub(beta, shift)
y = Add(merge, offset)
out = Relu(y)
"""


def test_a_delayed_quantization_between_the_parts_of_a_chain() -> None:
    report = inspect(text.graph(CHAIN))
    (layer,) = report.layers
    assert (layer.form, layer.mode, layer.x.name) == (Form.DECOMPOSED, Mode.INFERENCE, "x:0")
    assert layer.switch is None
    assert report.unrecognised == ()


def test_a_conditional_that_decides_more_than_rounding_is_not_looked_through() -> None:
    other = CHAIN.replace("Switch(product, late)", "Switch(x, late)")
    report = inspect(text.graph(other))
    assert report.layers == ()
    assert len(report.unrecognised) == 1
