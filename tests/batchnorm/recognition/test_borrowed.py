"""The fused op borrowed for another normalization: the batch in its channels; and roots of squares."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.layer import Lookalike
from bninspect.batchnorm.recognition.lookalikes import batch_in_channels, square_root_of
from tests.support.text import graph

START = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
shape = Shape(x)
number = Const(0.001)
vector = Const([1.5, 2.0, 0.5])
six = Const([1.5, 2.0, 0.5, 1.0, 1.0, 1.0])
ones = Const([1.0, 1.0, 1.0])
empty = Const([])
none = Const([])
kept = VariableV2(dtype=float, shape=[6])
pair = Const([1.5, 2.0])
one = Const(1)
two = Const([2])
count = Const([-1])
eight = Const(8)
n = Placeholder(dtype=int32, shape=[])
to = Const([1, -1, 192, 1])
rows = Reshape(x, to)
"""
FUSED = 'bn = FusedBatchNormV3({of}, {gamma}, vector, none, none, data_format="{layout}")\n'
BACK = "back = Reshape(bn, shape)\n"


def kind_of(
    lines: str, *, of: str = "rows", gamma: str = "ones", layout: str = "NCHW", back: str = BACK
) -> str | None:
    """The kind of lookalike that the fused op of these lines is; None if it is batch norm."""
    written = graph(START + lines + FUSED.format(of=of, gamma=gamma, layout=layout) + back)
    found = batch_in_channels(written.node("bn"), written)
    assert found is None or found.node is written.node("bn")
    return None if found is None else found.kind


PACKED = "packed = Pack({})\nof = Reshape(x, packed)\n"


@pytest.mark.parametrize(
    ("sizes", "kind"),
    [
        ("one, n, eight, one", "layer_norm"),
        ("one, n, eight, n", "layer_norm"),
        ("n, n, eight, one", None),
        ("eight, n, eight, one", None),
        ("one, n, eight", None),
        ("one, n, eight, one, one", None),
    ],
)
def test_one_image_of_four_axes(sizes: str, kind: str | None) -> None:
    assert kind_of(PACKED.format(sizes), of="of", gamma="vector") == kind


def test_a_target_that_is_computed_tells_nothing() -> None:
    assert kind_of("sum = Add(shape, two)\nof = Reshape(x, sum)\n", of="of") is None
    assert kind_of("of = Relu(x)\n", of="of") is None


@pytest.mark.parametrize(
    ("to", "layout", "gamma", "kind"),
    [
        ("[1, 6, 32, 1]", "NCHW", "ones", "layer_norm"),
        ("[1, 6, 32, 1]", "NCHW", "six", None),
        ("[1, 6, 32, 1]", "NCHW", "empty", None),
        ("[1, 0, 32, 1]", "NCHW", "six", "layer_norm"),
        ("[1, -1, 32, 6]", "NHWC", "six", None),
        ("[1, 6, 32, -1]", "NHWC", "six", "instance_norm"),
        ("[1, 8, 8, -1]", "NHWC", "vector", "instance_norm"),
        ("[1, 1, 32, 1]", "NCHW", "vector", None),
        ("[1, 6, 32, 1]", "NCHW", "kept", None),
    ],
)
def test_the_channels_by_the_layout_and_a_scale_that_is_a_parameter(
    to: str, layout: str, gamma: str, kind: str | None
) -> None:
    lines = f"given = Const({to})\nof = Reshape(x, given)\n"
    assert kind_of(lines, of="of", gamma=gamma, layout=layout) == kind


FILLED = "filled = Fill(count, number)\n"
WIDE = "to_wide = Const([1, -1, 8, 8])\nwide = Reshape(x, to_wide)\n"


def test_a_scale_that_is_filled_in_for_as_many_channels_as_there_are() -> None:
    assert kind_of(FILLED, gamma="filled", back="y = Relu(bn)\n") == "layer_norm"
    assert kind_of(FILLED + WIDE, of="wide", gamma="filled", back="y = Relu(bn)\n") == "instance_norm"


def test_height_and_width_that_stay_apart_are_those_of_an_instance() -> None:
    assert kind_of(WIDE, of="wide") == "instance_norm"


@pytest.mark.parametrize(
    "back",
    ["y = Relu(bn)\n", "moments = Reshape(bn:1, shape)\n", "y = Mul(bn, vector)\n"],
    ids=["not at all", "its mean alone", "scaled"],
)
def test_what_is_not_reshaped_back_is_batch_norm(back: str) -> None:
    assert kind_of("", back=back) is None


def test_a_scale_that_is_tiled_is_one_for_each_image() -> None:
    assert kind_of("tiled = Tile(vector, two)\n", gamma="tiled") == "instance_norm"
    assert kind_of("", gamma="ones") == "layer_norm"


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ("z = Reshape(x, shape)\nof = Reshape(z, to)\n", "group_norm"),
        ("by = Const([0, 3, 1, 2])\nz = Transpose(x, by)\nof = Reshape(z, to)\n", "group_norm"),
        ("z = Relu(x)\nof = Reshape(z, to)\n", "layer_norm"),
    ],
)
def test_what_is_laid_out_twice_is_in_groups(lines: str, kind: str) -> None:
    assert kind_of(lines, of="of") == kind


OF_THREE = "given = Const([1, -1, 3, 1])\nof = Reshape(x, given)\n"
OF_MANY = "given = Const([1, -1, 64, 1])\nof = Reshape(x, given)\n"
OF_UNKNOWN = "given = Const([1, 1, -1, 1])\nof = Reshape(x, given)\n"
OF_NONE = "given = Const([1, -1, 0, 1])\nof = Reshape(x, given)\n"
OF_COMPUTED = "given = Pack(one, n, n, one)\nof = Reshape(x, given)\n"
SCALES = {
    "as long as a row": (OF_THREE, BACK + "y = Mul(back, vector)\n", "layer_norm"),
    "of another length": (OF_MANY, BACK + "y = Mul(back, vector)\n", "group_norm"),
    "of two numbers": (OF_MANY, BACK + "y = Mul(back, pair)\n", "group_norm"),
    "the other way round": (OF_MANY, BACK + "y = Mul(vector, back)\n", "group_norm"),
    "handed on first": (OF_MANY, BACK + "i = Identity(back)\ny = Mul(i, vector)\n", "group_norm"),
    "behind a number": (OF_MANY, BACK + "i = Mul(back, number)\ny = Mul(i, vector)\n", "group_norm"),
    "behind what is computed": (OF_MANY, BACK + "i = Mul(back, x)\ny = Mul(i, vector)\n", "group_norm"),
    "by a number alone": (OF_MANY, BACK + "y = Mul(back, number)\n", "layer_norm"),
    "added": (OF_MANY, BACK + "y = Add(back, vector)\n", "layer_norm"),
    "behind an activation": (OF_MANY, BACK + "i = Relu(back)\ny = Mul(i, vector)\n", "layer_norm"),
    "of what another output gives": (OF_MANY, BACK + "y = Mul(bn:1, vector)\n", "layer_norm"),
    "four steps behind": (
        OF_MANY,
        BACK + "a = Identity(back)\nb = Identity(a)\ny = Mul(b, vector)\n",
        "group_norm",
    ),
    "five steps behind": (
        OF_MANY,
        BACK + "a = Identity(back)\nb = Identity(a)\nc = Identity(b)\ny = Mul(c, vector)\n",
        "layer_norm",
    ),
    "of rows of unknown length": (OF_UNKNOWN, BACK + "y = Mul(back, vector)\n", None),
    "of rows of no length": (OF_NONE, BACK + "y = Mul(back, vector)\n", "layer_norm"),
    "of rows of a computed length": (OF_COMPUTED, BACK + "y = Mul(back, vector)\n", "layer_norm"),
}


@pytest.mark.parametrize("case", SCALES)
def test_the_scale_behind_it_tells_a_row_from_a_group(case: str) -> None:
    lines, back, kind = SCALES[case]
    gamma = "vector" if kind is None else "ones"
    assert kind_of(lines, of="of", gamma=gamma, back=back) == kind


L2, RMS = "l2_normalize", "other"
ROOTS = {
    "a sum of squares": ("s = Square(x)\ny = Sum(s, two)\n", L2),
    "a mean of squares": ("s = Square(x)\ny = Mean(s, two)\n", RMS),
    "with epsilon": ("s = Square(x)\na = Sum(s, two)\ny = Add(a, number)\n", L2),
    "with epsilon in front": ("s = Square(x)\na = Mean(s, two)\ny = AddV2(number, a)\n", RMS),
    "clipped": ("s = Mul(x, x)\na = Sum(s, two)\ny = Maximum(a, number)\n", L2),
    "a sum of squared distances": ("s = SquaredDifference(x, vector)\ny = Sum(s, two)\n", None),
    "the length of a difference": ("d = Sub(x, vector)\ns = Square(d)\ny = Sum(s, two)\n", L2),
    "a variance": ("d = Sub(x, vector)\ns = Square(d)\ny = Mean(s, two)\n", None),
    "a sum": ("y = Sum(x, two)\n", None),
    "less a number": ("s = Square(x)\na = Sum(s, two)\ny = Sub(a, number)\n", None),
    "a maximum of squares": ("s = Square(x)\ny = Max(s, two)\n", None),
}


@pytest.mark.parametrize("case", ROOTS)
def test_the_root_of_squares(case: str) -> None:
    lines, kind = ROOTS[case]
    written = graph(START + lines + "root = Rsqrt(y)\n")
    found = square_root_of(written.node("root"), written.node("y").output())
    reasons = {
        L2: "x over the root of the sum of its squares",
        RMS: "x over its root mean square: no mean is taken off (RMS or pixel norm)",
    }
    expected = None if kind is None else Lookalike(node=written.node("root"), kind=kind, reason=reasons[kind])
    assert found == expected
