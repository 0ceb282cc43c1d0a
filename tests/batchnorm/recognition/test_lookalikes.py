"""Normalizations that are not batch norm: each kind, and the batch norm nearest to it."""

from __future__ import annotations

import pytest

from tests.support.parts import EMPTY, STORED, only_layer, reasons

CHAIN = """
batch_mean = Mean({x}, axes)
still = StopGradient(batch_mean)
difference = SquaredDifference({x}, still)
batch_variance = Mean(difference, axes)
shifted = AddV2(batch_variance, epsilon)
root = Rsqrt(shifted)
inv = Mul(root, gamma)
a = Mul({x}, inv)
b = Mul(batch_mean, inv)
c = Sub(beta, b)
y = Add(a, c)
"""
ROWS = "x = Placeholder(dtype=float, shape=[-1, 3])\n"
UNKNOWN = "x = Placeholder(dtype=float)\n"
IMAGE = "x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
GROUPS = IMAGE + "to = Const([-1, 8, 8, 1, 3])\ngroups = Reshape(x, to)\n"
SINGLES = IMAGE + "to = Const([-1, 8, 8, 3, 1])\nsingles = Reshape(x, to)\n"
FLAT = IMAGE + "to = Const([-1, 8, 8, 3])\nflat = Reshape(x, to)\n"
FLAT_ROWS = IMAGE + "to = Const([-1, 3])\nrows = Reshape(x, to)\n"
VECTORS = IMAGE + "to = Const([-1, 64, 3])\nvectors = Reshape(x, to)\n"
SEQUENCES = "x = Placeholder(dtype=float, shape=[-1, 8, 3])\n"
VOLUMES = "x = Placeholder(dtype=float, shape=[-1, 4, 8, 8, 3])\n"
NUMBERS = STORED.replace(IMAGE, "")


def chain(axes: str, image: str = IMAGE, x: str = "x") -> str:
    return image + NUMBERS + f"axes = Const({axes})\n" + CHAIN.format(x=x)


@pytest.mark.parametrize(
    ("axes", "image", "x", "kind"),
    [
        ("[1, 2, 3]", IMAGE, "x", "layer_norm"),
        ("[-1]", IMAGE, "x", "layer_norm"),
        ("[3]", IMAGE, "x", "layer_norm"),
        ("[1]", ROWS, "x", "layer_norm"),
        ("[-1]", UNKNOWN, "x", "layer_norm"),
        ("[1, 2]", IMAGE, "x", "instance_norm"),
        ("[2, 3]", IMAGE, "x", "instance_norm"),
        ("[1, 2]", UNKNOWN, "x", "instance_norm"),
        ("[-3, -2]", IMAGE, "x", "instance_norm"),
        ("[2, 3]", UNKNOWN, "x", "instance_norm"),
        ("[2]", IMAGE, "x", "other"),
        ("[1, 2, 4]", GROUPS, "groups", "group_norm"),
        ("[4]", GROUPS, "groups", "group_norm"),
        ("[1, 2, 3]", SINGLES, "singles", "group_norm"),
        ("[1, 2]", GROUPS, "groups", "group_norm"),
        ("[1, 2]", FLAT, "flat", "instance_norm"),
        ("[2, 3]", FLAT, "flat", "instance_norm"),
        ("[1]", FLAT_ROWS, "rows", "layer_norm"),
        ("[1]", VECTORS, "vectors", "group_norm"),
        ("[1, 2, 3]", VOLUMES, "x", "instance_norm"),
    ],
)
def test_moments_that_leave_the_batch_out(axes: str, image: str, x: str, kind: str) -> None:
    (reason,) = reasons(chain(axes, image, x))
    assert reason.startswith(f"{kind}: its moments are taken over axes {axes}, per image")


@pytest.mark.parametrize(("axes", "image"), [("[0, 1, 2, 3]", IMAGE), ("[0, 1]", ROWS)])
def test_moments_of_all_axes(axes: str, image: str) -> None:
    (reason,) = reasons(chain(axes, image))
    assert reason.startswith("other: its moments are taken over all axes")


@pytest.mark.parametrize(
    ("axes", "image"),
    [
        ("[0, 1, 2]", IMAGE),
        ("[0, 2, 3]", IMAGE),
        ("[0]", ROWS),
        ("[-4, -3, -2]", IMAGE),
        ("[0, 1, 2]", UNKNOWN),
        ("[0]", IMAGE),
    ],
)
def test_moments_over_the_batch(axes: str, image: str) -> None:
    assert only_layer(chain(axes, image)).mode.value == "training"


ROOTS = {
    "l2_normalize": ("squares = Square(x)\ns = Sum(squares, axes)\nt = Maximum(s, epsilon)", "l2_normalize"),
    "l2_normalize, product": (
        "squares = Mul(x, x)\ns = Sum(squares, axes)\nt = Add(s, epsilon)",
        "l2_normalize",
    ),
    "rms norm": ("squares = Square(x)\ns = Mean(squares, axes)\nt = AddV2(s, epsilon)", "other"),
    "pixel norm": (
        "two = Const(2.0)\nsquares = Pow(x, two)\ns = Mean(squares, axes)\nt = Add(s, epsilon)",
        "other",
    ),
}


@pytest.mark.parametrize("case", ROOTS, ids=lambda name: name)
def test_roots_of_squares(case: str) -> None:
    lines, kind = ROOTS[case]
    (reason,) = reasons(STORED + "axes = Const([-1])\n" + lines + "\nr = Rsqrt(t)\ny = Mul(x, r)")
    assert reason.startswith(f"{kind}: x over ")


BORROWED = """
shape = Shape(x)
first = Const([0])
second = Const([1])
n = StridedSlice(shape, first, second, second)
one = Const(1)
rest = Const({rest})
to = Pack(one, n, rest, one)
rows = Reshape(x, to)
filled = Pack(n)
ones_value = Const(1.0)
zero_value = Const(0.0)
ones = Fill(filled, ones_value)
zeros = Fill(filled, zero_value)
bn = FusedBatchNormV3(rows, ones, zeros, none, none, is_training=true, data_format="NCHW")
back = Reshape(bn, shape)
scaled = Mul(back, gamma)
y = AddV2(scaled, beta)
"""


@pytest.mark.parametrize(
    ("rest", "kind"), [(3, "layer_norm"), (96, "group_norm"), (1, "group_norm"), (-1, "layer_norm")]
)
def test_the_fused_op_borrowed(rest: int, kind: str) -> None:
    """With the batch for channels; the scale that comes afterwards tells a whole row from a group of it."""
    (reason,) = reasons(STORED + EMPTY + BORROWED.format(rest=rest))
    assert reason.startswith(f"{kind}: x is reshaped to ")
    assert "whose channels hold the batch" in reason


def test_a_batch_norm_of_rows_may_reshape_them() -> None:
    """tf.layers and Keras give the fused op [N, 1, 1, C]: the channels stay apart from the batch."""
    layer = only_layer(
        STORED
        + EMPTY
        + """
to = Const([-1, 1, 1, 3])
rows = Reshape(x, to)
bn = FusedBatchNormV3(rows, gamma, beta, none, none, is_training=true)
shape = Shape(x)
y = Reshape(bn, shape)"""
    )
    assert (layer.form.value, layer.mode.value) == ("fused", "training")


def test_one_image_with_real_channels_is_batch_norm() -> None:
    layer = only_layer(
        STORED
        + EMPTY
        + """
to = Const([1, -1, 1, 3])
rows = Reshape(x, to)
bn = FusedBatchNormV3(rows, gamma, beta, none, none, is_training=true)
shape = Shape(x)
y = Reshape(bn, shape)"""
    )
    assert layer.mode.value == "training"


SIX = (
    "to = Const([1, 8, 8, 6])\nrows = Reshape(x, to)\ntwo = Const([2])\nsix = Const([6])\none = Const(1.0)\n"
)
BACK = """
bn = FusedBatchNormV3(rows, scale, offset, none, none, is_training=true)
shape = Shape(x)
y = Reshape(bn, shape)
"""


@pytest.mark.parametrize(
    "scale",
    [
        "scale = Tile(gamma, two)",
        "scale = Fill(six, one)",
        "scale = BroadcastTo(one, six)",
        "tiled = Tile(gamma, two)\nscale = OnesLike(tiled)",
        "scale = Const([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])",
    ],
)
def test_a_scale_that_is_no_parameter_says_that_the_channels_are_images(scale: str) -> None:
    """Two images of three channels, as six channels of one image."""
    (reason,) = reasons(f"{STORED}{EMPTY}{SIX}offset = Tile(beta, two)\n{scale}\n{BACK}")
    assert reason.startswith("instance_norm: x is reshaped to one image whose channels hold the batch")


def test_a_scale_of_six_numbers_says_that_there_are_six_channels() -> None:
    scale = "scale = Const([1.0, 1.0, 2.0, 1.0, 1.0, 1.0])"
    text = f"{STORED}{EMPTY}{SIX}offset = Tile(beta, two)\n{scale}\n{BACK}"
    assert only_layer(text).mode.value == "training"


def test_axes_from_either_end_are_the_same() -> None:
    text = chain("[0, 1, 2]").replace("Mean(x, axes)", "Mean(x, others)")
    assert only_layer("others = Const([-4, -3, -2])\n" + text).mode.value == "training"


def test_mean_and_variance_over_different_axes() -> None:
    text = chain("[0, 1, 2]").replace("Mean(x, axes)", "Mean(x, others)")
    assert reasons("others = Const([0, 1])\n" + text) == [
        "other: mean and variance are taken over different axes"
    ]


def test_a_size_of_two_numbers_is_no_number_of_channels() -> None:
    """A damaged target of a Reshape: how many channels there are is not known; the batch may be in them."""
    text = (
        IMAGE
        + NUMBERS
        + EMPTY
        + "one = Const(1)\neight = Const(8)\ntwo = Const([3, 3])\nto = Pack(one, eight, eight, two)\n"
        + "flat = Reshape(x, to)\nbn = FusedBatchNormV3(flat, gamma, beta, none, none)\n"
        + "shape = Shape(x)\ny = Reshape(bn, shape)\n"
    )
    (reason,) = reasons(text)
    assert reason.endswith("each image has its own moments")


@pytest.mark.parametrize(
    ("axes", "is_said"),
    [
        ("[-2]", True),
        ("[-3, -2]", True),
        ("[-3, -1]", True),
        ("[-3, 1]", True),
        ("[-2, -1]", False),
        ("[-1]", False),
        ("[-2, 1]", False),
        ("[1, 2]", False),
    ],
)
def test_axes_from_the_end_of_an_unknown_rank_may_be_that_of_the_batch(axes: str, is_said: bool) -> None:
    """Unless they take in all behind the first: then they leave the batch out, or nothing."""
    (reason,) = reasons(chain(axes, UNKNOWN))
    said = f"its moments are taken over axes {axes} of an x of unknown rank: one may be its batch"
    assert (reason == said) is is_said
    assert is_said or "_norm: " in reason


@pytest.mark.parametrize(("axes", "image"), [("[-2]", ROWS), ("[-3, -2]", SEQUENCES), ("[0, -2]", UNKNOWN)])
def test_axes_from_the_end_may_be_that_of_the_batch(axes: str, image: str) -> None:
    assert only_layer(chain(axes, image)).mode.value == "training"


def test_standardized_weights() -> None:
    """Weight standardization: what is normalized is stored, and never a batch."""
    text = chain("[0, 1, 2]").replace(IMAGE, "x = VariableV2(shape=[3, 3, 8, 3])\n")
    assert reasons(text) == ["other: what it normalizes is stored: weights, and no batch"]


GHOST = (
    "weights = VariableV2(shape={weights})\nimage = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
    "x = Conv2D(image, weights)\nto = Const({to})\ngroups = Reshape(x, to)\n"
)


def ghost(to: str, axes: str, weights: str = "[1, 1, 3, 3]") -> str:
    """Moments over these axes of x reshaped to this shape, without gamma and beta."""
    text = chain(axes, GHOST.format(to=to, weights=weights), "groups")
    text = text.replace("inv = Mul(root, gamma)", "inv = Identity(root)")
    return text.replace("c = Sub(beta, b)", "c = Neg(b)")


def test_moments_over_groups_of_images_are_those_of_a_batch() -> None:
    layer = only_layer(ghost("[-1, 4, 8, 8, 3]", "[1, 2, 3]"))
    assert (layer.mode.value, layer.data_format, layer.kept_axes) == ("training", "NHWC", ())


def test_moments_over_groups_of_images_with_channels_first() -> None:
    layer = only_layer(ghost("[-1, 4, 3, 8, 8]", "[1, 3, 4]"))
    assert (layer.mode.value, layer.data_format, layer.kept_axes) == ("training", "NCHW", ())


@pytest.mark.parametrize(("mean", "variance"), [("[1, 2]", "[1, 2, 3]"), ("[1, 2, 3]", "[1, 3, 4]")])
def test_moments_over_groups_of_images_are_over_the_same_axes(mean: str, variance: str) -> None:
    lines = ghost("[-1, 4, 3, 8, 3]", variance).replace("Mean(groups, axes)", "Mean(groups, others)")
    assert reasons(f"others = Const({mean})\n{lines}") == [
        "other: mean and variance are taken over different axes"
    ]


def test_a_group_of_one_image_is_normalized_by_its_own() -> None:
    (reason,) = reasons(ghost("[-1, 1, 8, 8, 3]", "[1, 2, 3]"))
    assert reason.endswith("its moments are taken over axes [1, 2, 3], of groups of one image each")


def test_moments_over_groups_of_channels_are_not() -> None:
    """Every fourth channel in one group: the last axis is kept, and is not that of the channels."""
    (reason,) = reasons(ghost("[-1, 8, 8, 3, 4]", "[1, 2, 3]", "[1, 1, 3, 12]"))
    assert reason.startswith("group_norm")
