"""Where a chain has its channels: by the axes of its moments, else by the layout of its stored mean."""

from __future__ import annotations

import pytest

from tests.support.parts import IMAGE, PARAMETERS, PHASE, STORED, only_layer

CHAIN = """
shifted = Add({v}, epsilon)
root = Rsqrt(shifted)
centred = Sub({x}, {m})
n = Mul(centred, root)
y = Identity(n)
"""
MOMENTS = "axes = Const({axes})\nm = Mean({x}, axes)\nd = SquaredDifference({x}, m)\nv = Mean(d, axes)\n"
UNKNOWN = "x = Placeholder(dtype=float)\n"
ROWS = "x = Placeholder(dtype=float, shape=[-1, 3])\n"


@pytest.mark.parametrize(
    ("image", "axes", "data_format"),
    [
        (IMAGE, "[0, 1, 2]", "NHWC"),
        (IMAGE, "[0, 2, 3]", "NCHW"),
        (IMAGE, "[-4, -3, -2]", "NHWC"),
        (IMAGE, "[-4, -2, -1]", "NCHW"),
        (IMAGE, "[0, -3, -2]", "NHWC"),
        (IMAGE, "[0, -2, -1]", "NCHW"),
        (IMAGE, "[2, 1, 0]", "NHWC"),
        (IMAGE, "[0, 1]", "NHWC"),
        (IMAGE, "[0, 2]", "NCHW"),
        (IMAGE, "[0, 1, 3]", "NCHW"),
        (UNKNOWN, "[0, 1, 2]", "NHWC"),
        (UNKNOWN, "[0, 2, 3]", "NCHW"),
        (UNKNOWN, "[0, -2]", "NHWC"),
        (UNKNOWN, "[0, -1]", "NCHW"),
        (ROWS, "[0]", "NHWC"),
    ],
)
def test_by_the_axes_of_the_moments(image: str, axes: str, data_format: str) -> None:
    text = image + PARAMETERS + MOMENTS.format(axes=axes, x="x") + CHAIN.format(x="x", m="m", v="v")
    assert only_layer(text).data_format == data_format


def test_axes_of_something_else_than_x() -> None:
    """Of rows that x is laid out as."""
    rows = "to = Const([-1, 3])\nrows = Reshape(x, to)\n" + MOMENTS.format(axes="[0]", x="rows")
    assert only_layer(STORED + rows + CHAIN.format(x="x", m="m", v="v")).data_format == "NHWC"


@pytest.mark.parametrize(
    ("shape", "data_format"),
    [
        ("[3]", "NHWC"),
        ("[1, 1, 1, 3]", "NHWC"),
        ("[1, 3, 1, 1]", "NCHW"),
        ("[3, 1, 1]", "NCHW"),
        ("[1, 3, 1]", "NCHW"),
        ("[3, 1]", "NHWC"),
        ("[1, 1, 1, 1]", "NHWC"),
        ("[1, 1, 3]", "NHWC"),
        ("[3, 3, 1]", "NHWC"),
    ],
)
def test_by_the_layout_of_the_stored_mean(shape: str, data_format: str) -> None:
    kept = f"kept = VariableV2(shape={shape})\n"
    assert only_layer(STORED + kept + CHAIN.format(x="x", m="kept", v="variance")).data_format == data_format


@pytest.mark.parametrize(("first", "second"), [("m", "mean"), ("mean", "m")], ids=["if true", "if false"])
def test_of_chosen_statistics_by_those_of_the_batch(first: str, second: str) -> None:
    text = STORED + PHASE + MOMENTS.format(axes="[0, 2, 3]", x="x")
    text += f"cm = Select(phase, {first}, {second})\n"
    variances = {"m": "v", "mean": "variance"}
    text += f"cv = Select(phase, {variances[first]}, {variances[second]})\n"
    assert only_layer(text + CHAIN.format(x="x", m="cm", v="cv")).data_format == "NCHW"


@pytest.mark.parametrize(
    ("shape", "axes", "kept"),
    [
        ("[3]", "[0, 1]", ()),
        ("[1, 1, 8, 3]", "[0, 1]", (-2, -1)),
        ("[1, 1, 1, 1]", "[0, 1, 3]", (-2,)),
        ("[1, 1, 1, 1]", "[0, 1]", ()),
        ("[1, 1, 8, 3]", "[0]", ()),
        (None, "[0, 1]", (-2, -1)),
        ("[3]", "[0, 1, 2]", ()),
    ],
)
def test_axes_that_are_kept_fit_what_is_stored(shape: str | None, axes: str, kept: tuple[int, ...]) -> None:
    """As many axes as the stored mean is laid out over, where that is known, whichever is chosen first."""
    text = STORED + PHASE + MOMENTS.format(axes=axes, x="x")
    text += f"kept = VariableV2({'' if shape is None else f'shape={shape}'})\n"
    for first, second in (("{}", "kept"), ("kept", "{}")):
        choice = f"cm = Select(phase, {first}, {second})\ncv = Select(phase, {first}, {second})\n"
        lines = choice.replace("{}", "m", 1).replace("{}", "v", 1)
        assert only_layer(text + lines + CHAIN.format(x="x", m="cm", v="cv")).kept_axes == kept


def test_of_an_unknown_rank_one_axis_may_be_that_of_the_channels_and_two_are_not() -> None:
    for shape, kept in (("[1, 3, 1, 1]", ()), ("[1, 1, 8, 3]", (-2, -1))):
        text = UNKNOWN + PARAMETERS + f"kept = VariableV2(shape={shape})\n"
        assert only_layer(text + CHAIN.format(x="x", m="kept", v="variance")).kept_axes == kept
