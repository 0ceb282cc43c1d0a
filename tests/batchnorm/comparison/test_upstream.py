"""The weights before a layer: the nearest, and none behind them."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.comparison import upstream
from bninspect.batchnorm.comparison.upstream import Upstream
from tests.batchnorm.comparison.test_matching import layer, parts
from tests.support.catching import fused
from tests.support.parts import STORED, report
from tests.support.text import graph


def weights(text: str) -> list[str]:
    """The names of the weights before the layer `y`."""
    found = report(STORED + text)
    (one,) = [one for one in found.layers if one.output.node.name == "y"]
    return [node.name for node in Upstream(found.layers).weights(one.x)]


MADE = "kernel = VariableV2(dtype=float, shape=[3, 3, 3, 3])\nconv = Conv2D(x, kernel)\n"


def test_weights_are_found_behind_bias_and_activation() -> None:
    text = MADE + "bias = Const([1.0, 2.0, 3.0])\nb = BiasAdd(conv, bias)\nr = Relu(b)\n" + fused(x="r")
    assert weights(text) == ["bias", "kernel"]


def test_weights_of_both_ways_are_found_and_none_behind_them() -> None:
    text = MADE + (
        "kernel2 = VariableV2(dtype=float, shape=[1, 1, 3, 3])\n"
        "kernel3 = VariableV2(dtype=float, shape=[3, 3])\n"
        "conv2 = Conv2D(conv, kernel2)\nconv3 = MatMul(conv, kernel3)\nsum = AddV2(conv2, conv3)\n"
    )
    assert weights(text + fused(x="sum")) == ["kernel2", "kernel3"]


@pytest.mark.parametrize(
    "line",
    [
        "made = Conv2D(conv, half)",
        "made = DepthwiseConv2dNative(conv, half)",
        "made = Conv2DBackpropInput(sizes, half, conv)",
        "made = MatMul(conv, half)",
        "made = MatMul(half, conv)",
        "kept = Assign(kernel, half)\nmade = Mul(x, kept)",
        "kept = AssignAdd(kernel, half)\nmade = Mul(x, kept)",
    ],
)
def test_weights_that_are_computed_are_those_of_which(line: str) -> None:
    """And not those that made the other side, or what is assigned to."""
    text = MADE + "sizes = Const([1, 8, 8, 3])\nkernel3 = VariableV2(dtype=float, shape=[3, 3])\n"
    text += "scale = Const(2.0)\nhalf = RealDiv(kernel3, scale)\n"
    assert weights(text + line + "\n" + fused(x="made")) == ["kernel3"]


def test_of_a_product_of_two_that_are_made_of_the_image_both_ways_are_walked() -> None:
    text = MADE + "kernel2 = VariableV2(dtype=float, shape=[1, 1, 3, 3])\nconv2 = Conv2D(x, kernel2)\n"
    text += "product = MatMul(conv, conv2)\n"
    assert weights(text + fused(x="product")) == ["kernel", "kernel2"]


@pytest.mark.parametrize(("most", "found"), [(3, ["kernel", "kernel3"]), (4, ["kernel3"])])
def test_what_is_made_of_more_is_no_making_of_weights(
    most: int, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "_TOO_MANY", most)
    text = MADE + "kernel3 = VariableV2(dtype=float, shape=[3, 3])\nless = Neg(kernel3)\nhalf = Abs(less)\n"
    assert weights(text + "product = MatMul(conv, half)\n" + fused(x="product")) == found


def test_the_first_weights_of_more_axes_than_one_end_the_way() -> None:
    text = MADE + "bias = VariableV2(dtype=float)\nrows = VariableV2(dtype=float, shape=[3, 3])\n"
    assert weights(text + "made = AddV2(conv, bias)\n" + fused(x="made")) == ["bias", "kernel"]
    assert weights(text + "made = AddV2(conv, rows)\n" + fused(x="made")) == ["rows"]


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("w = VariableV2(dtype=float, shape=[3])", True),
        ("w = VariableV2(dtype=half, shape=[])", True),
        ("w = VariableV2(shape=[3])", True),
        ("w = VariableV2(dtype=int32, shape=[3])", False),
        ("w = Const([1.0, 2.0, 3.0])", True),
        ("w = Const([1.0, 2.0])", True),
        ("w = Const([1.0])", False),
        ("w = Const(1.0)", False),
        ("w = Const([1, 2, 3])", False),
        ("w = Placeholder(dtype=float, shape=[3])", False),
    ],
)
def test_weights_are_real_numbers_that_are_kept(line: str, is_one: bool) -> None:
    text = MADE + line + "\nread = Identity(w)\nmade = Mul(conv, read)\n"
    assert weights(text + fused(x="made")) == (["w"] if is_one else []) + ["kernel"]


def test_statistics_are_no_weights() -> None:
    """Of whichever layer, and though another is made of them; one layer here keeps none."""
    text = MADE + "none = Const([])\nbatch = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)\n"
    text += "centred = Sub(conv, mean)\nscaled = Mul(centred, variance)\n"
    assert weights(text + fused(x="scaled")) == ["kernel"]


def test_of_a_layer_before_only_what_it_learned() -> None:
    """Its moving statistics are none of the weights, and what stands before it is its own matter."""
    text = MADE + parts(1) + layer("before", "conv", 1) + "r = Relu(before)\n" + fused(x="r")
    assert weights(text) == ["gamma1", "beta1"]


def test_an_image_is_made_with_none() -> None:
    assert weights(fused()) == []
    assert Upstream(()).weights(graph("x = Placeholder(dtype=float)\n").node("x").output()) == ()
