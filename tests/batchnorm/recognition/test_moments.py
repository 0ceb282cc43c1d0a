"""Moments of what is transposed: their axes are those of x, whichever of the two is the transpose."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.site import Batch, Chosen
from tests.support.parts import IMAGE, PARAMETERS, PHASE, only_layer, reasons

FIRST = "to_first = Const([0, 3, 1, 2])\n"
LAST = "to_last = Const([0, 2, 3, 1])\n"
AXES_FIRST, AXES_LAST = "axes = Const([0, 2, 3])\n", "axes = Const([0, 1, 2])\n"


def moments(of: str) -> str:
    """Mean and variance of this tensor over `axes`."""
    shifted = f"still = StopGradient(m)\nd = SquaredDifference({of}, still)\n"
    return f"m = Mean({of}, axes)\n{shifted}v = Mean(d, axes)\n"


CHOICE = PHASE + "mean_used = Select(phase, {}, mean)\nvariance_used = Select(phase, {}, variance)\n"


def chain(x: str) -> str:
    """The formula on this tensor with the statistics that a predicate chooses."""
    return (
        f"shifted = AddV2(variance_used, epsilon)\nroot = Rsqrt(shifted)\ncentred = Sub({x}, mean_used)\n"
        "n = Mul(centred, root)\nscaled = Mul(n, gamma)\ny = AddV2(scaled, beta)\n"
    )


TURNED = FIRST + LAST + "z = Transpose(x, to_first)\n"
LAID_OUT = "row = Const([1, 3, 1, 1])\nm_row = Reshape(m, row)\nv_row = Reshape(v, row)\n"
FUSED = (
    "none = Const([])\nbn = FusedBatchNormV3(z, gamma, beta, none, none, is_training=true, data_format={})\n"
)
CASES = {
    "moments of the transpose": (
        TURNED + AXES_FIRST + moments("z") + CHOICE.format("m", "v") + chain("x"),
        (0, 1, 2),
        "NHWC",
    ),
    "moments of the transpose, from the end": (
        TURNED + "axes = Const([0, -2, -1])\n" + moments("z") + CHOICE.format("m", "v") + chain("x"),
        (0, 1, 2),
        "NHWC",
    ),
    "the formula on the transpose": (
        TURNED + AXES_LAST + moments("x") + LAID_OUT + CHOICE.format("m_row", "v_row") + chain("z"),
        (0, 2, 3),
        "NCHW",
    ),
    "both on the transpose": (
        TURNED + AXES_FIRST + moments("z") + LAID_OUT + CHOICE.format("m_row", "v_row") + chain("z"),
        (0, 2, 3),
        "NCHW",
    ),
    "there and back": (
        TURNED
        + "again = Transpose(z, to_last)\n"
        + AXES_LAST
        + moments("again")
        + CHOICE.format("m", "v")
        + chain("x"),
        (0, 1, 2),
        "NHWC",
    ),
    "mean of x, variance of the transpose": (
        TURNED
        + "axes = Const([0, 1, 2])\nothers = Const([0, 2, 3])\nm = Mean(x, axes)\nrow = Const([1, 3, 1, 1])\n"
        "m_row = Reshape(m, row)\nd = SquaredDifference(z, m_row)\nv = Mean(d, others)\n"
        + CHOICE.format("m", "v")
        + chain("x"),
        (0, 1, 2),
        "NHWC",
    ),
    "moments of a fused op on the transpose": (
        TURNED + FUSED.format('"NCHW"') + CHOICE.format("bn:1", "bn:2") + chain("x"),
        (0, 1, 2),
        "NHWC",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_axes_of_x(case: str) -> None:
    lines, axes, data_format = CASES[case]
    layer = only_layer(IMAGE + PARAMETERS + lines)
    assert (layer.mode.value, layer.data_format) == ("switched", data_format)
    assert layer.training is not None
    for origin in (layer.training.site.mean_origin, layer.training.site.variance_origin):
        assert isinstance(origin, Chosen)
        assert isinstance(origin.if_true, Batch)
        assert origin.if_true.axes == axes


def test_each_image_by_its_own_is_a_lookalike() -> None:
    lines = TURNED + "axes = Const([1])\n" + moments("z") + CHOICE.format("m", "v") + chain("x")
    (reason,) = reasons(IMAGE + PARAMETERS + lines)
    assert reason == "layer_norm: its moments are taken over axes [3], per image: not over the batch"


UNKNOWN = {
    "an order that is computed": "to_first = Placeholder(dtype=int32, shape=[4])\n"
    "z = Transpose(x, to_first)\n" + AXES_FIRST,
    "axes that it does not have": FIRST + "z = Transpose(x, to_first)\naxes = Const([0, 4])\n",
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known_is_said(case: str) -> None:
    (reason,) = reasons(
        IMAGE + PARAMETERS + UNKNOWN[case] + moments("z") + CHOICE.format("m", "v") + chain("x")
    )
    assert reason == "the axes that Mean m is taken over are not constant"


def test_averages_over_windows_are_said() -> None:
    lines = "p = AvgPool(x)\naxes = Const([0, 1, 2])\nm = Mean(p, axes)\nv = Identity(m)\n"
    (reason,) = reasons(IMAGE + PARAMETERS + lines + CHOICE.format("m", "v") + chain("x"))
    assert reason == (
        "the statistics come from AvgPool p, averages over windows, and that one covers all of x is not known"
    )


def test_a_transposed_difference_is_said() -> None:
    lines = (
        FIRST + "centred = Sub(x, mean)\nz = Transpose(centred, to_first)\nshifted = Add(variance, epsilon)\n"
    )
    lines += (
        "root = Rsqrt(shifted)\nrow = Const([1, 3, 1, 1])\nscale = Reshape(root, row)\ny = Mul(z, scale)\n"
    )
    (reason,) = reasons(IMAGE + PARAMETERS + lines)
    assert reason == "x - mean is transposed before 1/sqrt(variance + epsilon) scales it"
