"""The fused op in all its versions, its attributes and their defaults, and the op of 2015."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Form, Mode
from bninspect.batchnorm.recognition.fused import along
from bninspect.batchnorm.recognition.origin import origin
from bninspect.batchnorm.site import Batch, Chosen
from bninspect.batchnorm.wiring.conditions import Conditions, Join
from tests.support.parts import BATCH, EMPTY, PHASE, STORED, names_of_parts, only_layer, reasons, report
from tests.support.text import graph

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


@pytest.mark.parametrize(
    ("data_format", "axes"), [("NHWC", (0, 1, 2)), ("NCHW", (0, 2, 3)), ("NDHWC", (0, 1, 2))]
)
def test_the_axes_of_its_own_moments(data_format: str, axes: tuple[int, ...]) -> None:
    text = TRAIN.format(op="FusedBatchNormV3").replace("true)", f'true, data_format="{data_format}")')
    site = only_layer(STORED + EMPTY + text).wiring.served[0].site
    own = Batch(node=site.node, axes=axes)
    assert (site.mode, site.mean_origin, site.variance_origin) == (Mode.TRAINING, own, own)


@pytest.mark.parametrize(
    "inputs",
    [
        "_FusedBatchNormEx(x, gamma, beta, mean, variance, x, is_training=false)",
        "BatchNormWithGlobalNormalization(x, mean, variance, beta, gamma, x)",
    ],
)
def test_a_side_input_is_no_part_of_it(inputs: str) -> None:
    layer = only_layer(STORED + f"y = {inputs}\n")
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", "mean:0", "variance:0"]


OWN_IMAGE = """
own = Const([1, 2])
m = Mean(x, own)
d = SquaredDifference(x, m)
v = Mean(d, own)
"""
FED = {
    "moments of each image": (
        OWN_IMAGE,
        ("m", "v"),
        "instance_norm: its moments are taken over axes [1, 2], per image: not over the batch",
    ),
    "random numbers": (
        "m = RandomUniform(axes)\n",
        ("m", "variance"),
        "the statistics come from RandomUniform m, neither a moment of x nor stored",
    ),
    "a variance of random numbers": (
        "v = RandomUniform(axes)\n",
        ("mean", "v"),
        "the statistics come from RandomUniform v, neither a moment of x nor stored",
    ),
    "one of each": ("", ("mean", "batch_variance"), "the mean is stored, the variance is of the batch"),
    "a chosen variance": (
        PHASE + "v = Select(phase, batch_variance, variance)\n",
        ("batch_mean", "v"),
        "the mean is of the batch, the variance is chosen by a predicate",
    ),
    "a chosen mean": (
        PHASE + "m = Select(phase, batch_mean, mean)\n",
        ("m", "variance"),
        "the mean is chosen by a predicate, the variance is stored",
    ),
}


@pytest.mark.parametrize("op", ["FusedBatchNormV3", "BatchNormWithGlobalNormalization"])
@pytest.mark.parametrize("case", FED)
def test_statistics_that_make_no_layer_are_said(case: str, op: str) -> None:
    lines, (mean, variance), reason = FED[case]
    inputs = (
        f"gamma, beta, {mean}, {variance}" if op.startswith("Fused") else f"{mean}, {variance}, beta, gamma"
    )
    assert reasons(BATCH + lines + f"y = {op}(x, {inputs}, is_training=false)\n") == [reason]


def test_the_op_of_2015_with_too_few_inputs() -> None:
    (reason,) = reasons(STORED + "y = BatchNormWithGlobalNormalization(x, mean, variance, beta)\n")
    assert reason == "BatchNormWithGlobalNormalization with 4 inputs instead of 5"


def test_the_op_of_2015_scales_unless_told_otherwise() -> None:
    layer = only_layer(STORED + GLOBAL.format(m="mean", v="variance", scale="").replace(", )", ")"))
    assert (layer.gamma is not None, layer.data_format) == (True, "NHWC")


CHOSEN = """
not_phase = LogicalNot(phase)
m = Select({0}, {1}, {2})
v = Select({3}, {4}, {5})
y = FusedBatchNormV3(x, gamma, beta, m, v, is_training=false)
"""


@pytest.mark.parametrize(
    ("mean", "variance", "training_when"),
    [
        (("phase", "batch_mean", "mean"), ("phase", "batch_variance", "variance"), True),
        (("phase", "mean", "batch_mean"), ("phase", "variance", "batch_variance"), False),
        (("phase", "batch_mean", "mean"), ("not_phase", "variance", "batch_variance"), True),
        (("not_phase", "batch_mean", "mean"), ("phase", "variance", "batch_variance"), False),
    ],
)
def test_mean_and_variance_chosen_by_one_predicate(
    mean: tuple[str, ...], variance: tuple[str, ...], training_when: bool
) -> None:
    layer = only_layer(BATCH + PHASE + CHOSEN.format(*mean, *variance))
    assert layer.switch is not None
    assert (layer.mode, layer.switch.training_when) == (Mode.SWITCHED, training_when)
    assert layer.training is not None
    assert layer.inference is not None
    sides = (layer.training.mean, layer.training.variance, layer.inference.mean, layer.inference.variance)
    assert [tensor.name for tensor in sides] == ["batch_mean:0", "batch_variance:0", "mean:0", "variance:0"]
    assert layer.training.site.mode is Mode.SWITCHED


def test_mean_and_variance_chosen_the_other_way_round() -> None:
    choice = ("phase", "batch_mean", "mean", "not_phase", "batch_variance", "variance")
    assert reasons(BATCH + PHASE + CHOSEN.format(*choice)) == [
        "for one value of the predicate the mean is stored and the variance is of the batch"
    ]


def test_a_choice_is_told_by_the_other_predicate_of_its_value() -> None:
    written = graph(
        BATCH + PHASE + CHOSEN.format("phase", "batch_mean", "mean", "phase", "mean", "batch_mean")
    )
    conditions = Conditions(written)
    x, mean, phase, opposite = (written.node(name).output() for name in ("x", "m", "phase", "not_phase"))
    chosen = origin(mean, x, conditions)
    assert isinstance(chosen, Chosen)
    assert along(chosen, phase, conditions) == chosen
    turned = along(chosen, opposite, conditions)
    assert isinstance(turned, Chosen)
    assert (turned.if_true, turned.if_false) == (chosen.if_false, chosen.if_true)
    assert turned.tensors == (chosen.tensors[1], chosen.tensors[0])
    assert turned.join == Join(mean.node, opposite, chosen.join.if_false, chosen.join.if_true)
