"""Convolutions whose weights a root scales, and that carry no batch norm."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.site import Site
from tests.support.carried import PARTS, UNSCALED, folded, site
from tests.support.parts import report

NONE = {
    "two predicates choose": "m = Select(phase, other, mean)\nv = Select(again, other, variance)\n"
    + folded("m", "v"),
    "a further predicate on one side": "n = Select(again, other, mean)\nm = Select(phase, n, mean)\n"
    + folded("m"),
    "two scales": folded(scale="Mul(gamma, root)").replace(
        "scale = ", "once = Mul(gamma, root)\nscale = Mul(once, other)\nunused = "
    ),
    "beta is data": "fed = Placeholder(dtype=float, shape=[2])\n" + folded().replace("(beta", "(fed"),
    "weights that are data": folded().replace("Mul(kernel, scale)", "Mul(scale, scale)"),
    "another mean of the offset": folded().replace("Mul(mean, scale)", "Mul(mean, gamma)"),
    "another convolution in between": folded().replace("(conv, offset)", "(more, offset)")
    + "more = Conv2D(conv, kernel)\n",
    "transposed weights": folded().replace(
        "Conv2D(image, scaled)", "MatMul(image, scaled, transpose_b=true)"
    ),
    "weights without a root": folded().replace("(image, scaled)", "(image, kernel)"),
    "two layers, by gamma": folded(scale="Merge(a, b:1)")
    + "by_gamma = Mul(gamma, root)\nby_other = Mul(other, root)\n"
    + "a = Switch(by_gamma, phase)\nb = Switch(by_other, phase)\n",
    "two layers, by beta": folded().replace("y = Add(conv, offset)", "y = Add(conv, either)")
    + "second = Sub(other, moved)\na = Switch(offset, phase)\nb = Switch(second, phase)\n"
    + "either = Merge(a, b:1)\n",
    "two layers, one without beta": folded().replace("y = Add(conv, offset)", "y = Add(conv, either)")
    + "second = Neg(moved)\na = Switch(offset, phase)\nb = Switch(second, phase)\neither = Merge(a, b:1)\n",
    "two layers, by epsilon": "more = Const(0.01)\nadded = Add(variance, more)\nsecond = Rsqrt(added)\n"
    + folded(scale="Mul(gamma, which)")
    + "a = Switch(root, phase)\nb = Switch(second, phase)\nwhich = Merge(a, b:1)\n",
    "weights of two kernels, of which a predicate may take none": folded()
    .replace("scaled = Mul(kernel, scale)", "once = Mul(kernel, scale)\nscaled = Mul(once, kernel)")
    .replace(
        "y = Add(conv, offset)", "a = Switch(conv, phase)\nb = Switch(offset, phase)\ny = Merge(a, b:1)"
    ),
    "the convolution is taken off": folded().replace("y = Add(conv, offset)", "y = Sub(product, conv)")
    + "data = Placeholder(dtype=float, shape=[-1, 8, 8, 2])\nproduct = Mul(data, scale)\n",
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_carried_batch_norm(case: str) -> None:
    found = report(PARTS + UNSCALED + NONE[case])
    assert [layer.form.value for layer in found.layers] == []
    assert site(PARTS + UNSCALED + NONE[case]) is None


LAYOUTS = {
    "along the output": ("Conv2D", "[1, 1, 1, 2]", True),
    "along the input": ("Conv2D", "[1, 1, 2, 1]", False),
    "of one channel": ("Conv2D", "[1, 1, 1, 1]", True),
    "flat": ("Conv2D", "[2]", True),
    "flat, of one channel": ("Conv2D", "[1]", True),
    "of a number": ("Conv2D", "[]", True),
    "depthwise": ("DepthwiseConv2dNative", "[2, 1]", True),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_the_scale_stands_along_the_output_channels(case: str) -> None:
    op, shape, is_one = LAYOUTS[case]
    lines = (
        f"to = Const({shape})\nlaid = Reshape(scale, to)\n"
        if shape != "[]"
        else ("to = Placeholder(dtype=int32)\nlaid = Reshape(scale, to)\n")
    )
    text = folded().replace("scaled = Mul(kernel, scale)", lines + "scaled = Mul(kernel, laid)")
    found = site(PARTS + text.replace("conv = Conv2D", f"conv = {op}"))
    assert isinstance(found, Site) is is_one
