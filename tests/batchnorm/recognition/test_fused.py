"""The fused op in all its versions, its attributes and their defaults, and the op of 2015."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Form, Mode
from tests.support.parts import BATCH, EMPTY, PHASE, STORED, names_of_parts, only_layer, reasons, report

INFER = "y = {op}(x, gamma, beta, mean, variance, is_training=false)\n"
TRAIN = "y = {op}(x, gamma, beta, none, none, is_training=true)\n"
OPS = ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx"]


@pytest.mark.parametrize("op", OPS)
def test_inference(op: str) -> None:
    layer = only_layer(STORED + INFER.format(op=op))
    assert (layer.form, layer.op, layer.mode) == (Form.FUSED, op, Mode.INFERENCE)
    assert (layer.training, layer.inference is None) == (None, False)
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", "mean:0", "variance:0"]
    assert (layer.data_format, layer.channels) == ("NHWC", 3)


@pytest.mark.parametrize("op", OPS)
def test_training(op: str) -> None:
    layer = only_layer(STORED + EMPTY + TRAIN.format(op=op))
    assert (layer.mode, layer.inference) == (Mode.TRAINING, None)
    assert (layer.moving_mean, layer.statistics.state.value) == (None, "absent")


def test_is_training_absent_means_true() -> None:
    layer = only_layer(STORED + "y = FusedBatchNormV3(x, gamma, beta, mean, variance)\n")
    assert layer.mode is Mode.TRAINING
    assert layer.epsilon == pytest.approx(1e-4)
    assert layer.statistics.state.value == "stored"


def test_statistics_of_the_batch_fed_to_the_inference_op() -> None:
    """is_training=false, but mean and variance are moments of x: training mode in all but the attribute."""
    layer = only_layer(
        BATCH + "y = FusedBatchNormV3(x, gamma, beta, batch_mean, batch_variance, is_training=false)\n"
    )
    assert layer.mode is Mode.TRAINING


def test_statistics_chosen_before_the_inference_op() -> None:
    text = """
m = Select(phase, batch_mean, mean)
v = Select(phase, batch_variance, variance)
y = FusedBatchNormV3(x, gamma, beta, m, v, is_training=false)
"""
    layer = only_layer(BATCH + PHASE + text)
    assert layer.mode is Mode.SWITCHED
    assert layer.switch is not None
    assert layer.switch.training_when is True


def test_the_activation_of_the_grappler_op_changes_nothing() -> None:
    text = (
        'y = _FusedBatchNormEx(x, gamma, beta, mean, variance, is_training=false, activation_mode="Relu")\n'
    )
    assert only_layer(STORED + text).mode is Mode.INFERENCE


@pytest.mark.parametrize(
    ("written", "told"), [("NHWC", "NHWC"), ("NCHW", "NCHW"), ("NDHWC", "NHWC"), ("NCDHW", "NCHW")]
)
def test_data_format(written: str, told: str) -> None:
    text = (
        f'y = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, data_format="{written}")\n'
    )
    assert only_layer(STORED + text).data_format == told


def test_too_few_inputs() -> None:
    (reason,) = reasons(STORED + "y = FusedBatchNormV3(x, gamma, beta)\n")
    assert reason == "FusedBatchNormV3 with 3 inputs instead of 5"


def test_gradients_are_no_layers() -> None:
    text = INFER.format(op="FusedBatchNormV3") + "g = FusedBatchNormGradV3(y, x, gamma, y:3, y:4, y:5)\n"
    found = report(STORED + text + "loss = Relu(y)\n")
    assert [layer.output.name for layer in found.layers] == ["y:0"]
    assert found.unrecognised == ()


GLOBAL = "y = BatchNormWithGlobalNormalization(x, {m}, {v}, beta, gamma, variance_epsilon=0.001, {scale})\n"


@pytest.mark.parametrize(("scale", "gamma"), [("true", "gamma:0"), ("false", None)])
def test_global(scale: str, gamma: str | None) -> None:
    text = GLOBAL.format(m="mean", v="variance", scale=f"scale_after_normalization={scale}")
    layer = only_layer(STORED + text)
    assert (layer.form, layer.mode) == (Form.GLOBAL, Mode.INFERENCE)
    assert (layer.gamma.name if layer.gamma else None) == gamma
    assert layer.beta is not None
    assert layer.beta.name == "beta:0"
    assert layer.epsilon == pytest.approx(1e-3)


def test_global_of_moments() -> None:
    text = GLOBAL.format(m="batch_mean", v="batch_variance", scale="scale_after_normalization=true")
    assert only_layer(BATCH + text).mode is Mode.TRAINING


@pytest.mark.parametrize("op", ["_MklFusedBatchNormV3", "_MklNativeFusedBatchNormEx"])
def test_what_is_made_for_onednn_is_said(op: str) -> None:
    (reason,) = reasons(STORED + f"y = {op}(x, gamma, beta, mean, variance, is_training=false)\n")
    assert reason.startswith(f"{op} is a batch norm as TensorFlow rewrites it for oneDNN while it runs: ")
