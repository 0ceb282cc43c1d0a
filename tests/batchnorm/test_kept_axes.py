"""Which axes have statistics of their own: by the axes of the moments, else by the layout of the mean."""

from __future__ import annotations

import pytest

from tests.support.parts import IMAGE, only_layer

PARTS = """
gamma = VariableV2(shape={shape})
beta = VariableV2(shape={shape})
mean = VariableV2(shape={shape})
variance = VariableV2(shape={shape})
epsilon = Const(0.001)
"""
MOMENTS = """
axes = Const({axes})
m = Mean(x, axes)
difference = SquaredDifference(x, m)
v = Mean(difference, axes)
"""
CHAIN = """
shifted = Add({v}, epsilon)
root = Rsqrt(shifted)
centred = Sub(x, {m})
n = Mul(centred, root)
scaled = Mul(n, gamma)
y = Add(scaled, beta)
"""


@pytest.mark.parametrize(
    ("axes", "kept"),
    [
        ("[0, 1, 2]", ()),
        ("[0, 1]", (-2, -1)),
        ("[0]", (-3, -2, -1)),
        ("[-4, -3]", (-2, -1)),
        ("[0, 2, 3]", ()),
        ("[0, 2]", (-3, -1)),
        ("[0, 3]", (-3, -2)),
        ("[0, 1, 3]", (-2,)),
    ],
)
def test_by_the_axes_of_the_moments(axes: str, kept: tuple[int, ...]) -> None:
    text = IMAGE + PARTS.format(shape="[3]") + MOMENTS.format(axes=axes) + CHAIN.format(m="m", v="v")
    assert only_layer(text).kept_axes == kept


@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        ("[3]", ()),
        ("[1, 1, 1, 3]", ()),
        ("[1, 1, 8, 3]", (-2, -1)),
        ("[8, 8, 3]", (-3, -2, -1)),
        ("[1, 8, 1, 3]", (-3, -1)),
        ("[1, 2, 1, 3]", (-3, -1)),
        ("[1, 3, 1, 1]", ()),
        ("[]", ()),
    ],
)
def test_by_the_layout_of_the_stored_mean(shape: str, kept: tuple[int, ...]) -> None:
    text = IMAGE + PARTS.format(shape=shape) + CHAIN.format(m="mean", v="variance")
    assert only_layer(text).kept_axes == kept


@pytest.mark.parametrize(
    ("laid_out", "kept"), [("[1, 1, 1, 3]", ()), ("[1, 1, 8, 3]", (-2, -1)), ("[1, 8, 8, 3]", (-3, -2, -1))]
)
def test_by_the_layout_in_which_a_flat_mean_meets_x(laid_out: str, kept: tuple[int, ...]) -> None:
    """tf.keras keeps flat statistics of several axes, and reshapes them."""
    text = IMAGE + PARTS.format(shape="[24]") + f"shape = Const({laid_out})\n"
    text += "laid_mean = Reshape(mean, shape)\nlaid_variance = Reshape(variance, shape)\n"
    layer = only_layer(text + CHAIN.format(m="laid_mean", v="laid_variance"))
    assert layer.kept_axes == kept


@pytest.mark.parametrize(
    "moments",
    [
        "rows = Const([-1, 3])\nflat = Reshape(x, rows)\nfirst = Const([0])\nm = Mean(flat, first)\n"
        "d = SquaredDifference(flat, m)\nv = Mean(d, first)",
        "first = Const([0])\na = Mean(x, first)\nb = Mean(a, first)\nm = Mean(b, first)\n"
        "d = SquaredDifference(x, m)\ne = Mean(d, first)\nf = Mean(e, first)\nv = Mean(f, first)",
    ],
    ids=["of x as rows", "axis after axis"],
)
def test_axes_of_something_else_than_x_say_nothing_of_x(moments: str) -> None:
    text = IMAGE + PARTS.format(shape="[3]") + moments + CHAIN.format(m="m", v="v")
    assert only_layer(text).kept_axes == ()
