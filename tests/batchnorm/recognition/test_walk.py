"""The way back from a statistic: over which axes of x it is taken, what is stored on it, where it ends."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from bninspect.batchnorm.recognition.moments import Walk, data_format_of, is_stored
from tests.support.text import graph

START = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
other = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
half = Placeholder(dtype=float, shape=[3])
mean = Const([0.5, -0.5, 0.25])
kept = VariableV2(dtype=float, shape=[3])
number = Const(1.02)
axes = Const([0, 1, 2])
first = Const([0])
channels = Const([3])
to_first = Const([0, 3, 1, 2])
to_last = Const([0, 2, 3, 1])
"""


class Found(NamedTuple):
    """What a walk met."""

    axes: tuple[int, ...] | None
    stored: tuple[str, ...] = ()
    shifts: tuple[str, ...] = ()
    fused: tuple[str, ...] = ()
    of_x: bool = False


def walked(lines: str, of: str = "y:0", x: str = "x") -> Found | str:
    """What the walk back from this tensor meets, or why it cannot be judged."""
    written = graph(START + lines)
    walk = Walk(written.node(x).output())
    node, port = of.split(":")
    reason = walk.back_from(written.node(node).output(int(port)))
    if reason is not None:
        return reason
    return Found(
        walk.axes(),
        tuple(tensor.node.name for tensor in walk.stored),
        tuple(sorted({tensor.node.name for tensor in walk.shifts})),
        tuple(node.name for node in walk.fused),
        walk.is_of_x(),
    )


MOMENTS = {
    "a mean": ("y = Mean(x, axes)\n", Found((0, 1, 2), of_x=True)),
    "a sum": ("y = Sum(x, first)\n", Found((0,), of_x=True)),
    "of a cast": ("wide = Cast(x)\ny = Mean(wide, axes)\n", Found((0, 1, 2), of_x=True)),
    "of each image, around a mean of all": (
        "near = Const([1, 2])\nm = Mean(x, axes, keep_dims=true)\nd = SquaredDifference(x, m)\n"
        "y = Mean(d, near)\n",
        Found((1, 2), shifts=("m",)),
    ),
    "of all, around the mean of each image": (
        "near = Const([1, 2])\nm = Mean(x, near, keep_dims=true)\nd = SquaredDifference(x, m)\n"
        "y = Mean(d, axes)\n",
        Found((0, 1, 2), shifts=("m",)),
    ),
    "of each image, then of all": (
        "near = Const([1, 2])\nm = Mean(x, near)\ny = Mean(m, first)\n",
        Found((0, 1, 2)),
    ),
    "of all images side by side, around a mean of x": (
        "to = Const([1, -1, 3])\nside = Reshape(x, to)\nm = Mean(x, axes)\nd = SquaredDifference(side, m)\n"
        "second = Const([1])\ny = Mean(d, second)\n",
        Found((0, 1, 2)),
    ),
    "of x as rows": (
        "to = Const([-1, 3])\nrows = Reshape(x, to)\ny = Mean(rows, first)\n",
        Found((0,), of_x=False),
    ),
    "of squares": ("squares = Square(x)\ny = Mean(squares, axes)\n", Found((0, 1, 2))),
    "axis after axis": ("a = Mean(x, first)\nb = Mean(a, channels)\ny = Mean(b, channels)\n", Found((0, 3))),
    "a variance": (
        "m = Mean(x, axes)\nd = SquaredDifference(x, m)\ny = Mean(d, axes)\n",
        Found((0, 1, 2), (), ("m",)),
    ),
    "by a number": ("m = Mean(x, axes)\ny = Mul(m, number)\n", Found((0, 1, 2), of_x=True)),
    "by a count": (
        "s = Sum(x, axes)\nshape = Shape(x)\nsize = Prod(shape, axes)\ncount = Cast(size)\n"
        "y = RealDiv(s, count)\n",
        Found((0, 1, 2), of_x=True),
    ),
    "in a shape that is fed": ("m = Mean(x, axes)\ny = Reshape(m, half)\n", Found((0, 1, 2), of_x=True)),
    "of replicas": ("m = Mean(x, axes)\ny = CrossReplicaSum(m, half)\n", Found((0, 1, 2), of_x=True)),
    "joined along what is fed": (
        "m = Mean(x, axes)\nn = Mean(x, axes)\ny = ConcatV2(m, n, half)\n",
        Found((0, 1, 2)),
    ),
    "over axes that are fed": ("fed = Placeholder(dtype=int32)\ny = Mean(x, fed)\n", Found(None, of_x=True)),
    "of the transpose": ("z = Transpose(x, to_first)\ny = Mean(z, channels)\n", Found((2,))),
    "of the transpose of a transpose": (
        "z = Transpose(x, to_first)\nw = Transpose(z, to_last)\ny = Mean(w, channels)\n",
        Found((3,)),
    ),
    "of x and its transpose": (
        "z = Transpose(x, to_first)\nboth = Add(x, z)\ny = Mean(both, first)\n",
        Found(None),
    ),
}


@pytest.mark.parametrize("case", MOMENTS)
def test_moments_of_x(case: str) -> None:
    lines, found = MOMENTS[case]
    assert walked(lines) == found


def test_of_what_x_is_the_transpose_of() -> None:
    lines = "z = Transpose(x, to_first)\nw = Cast(x)\n"
    assert walked(lines + "y = Mean(x, channels)\n", x="z") == Found((1,))
    assert walked(lines + "y = Mean(w, axes)\n", x="z") == Found((0, 2, 3))
    assert walked(lines + "y = Mean(z, channels)\n", x="z") == Found((3,), of_x=True)


STORED = {
    "a constant": ("y = Identity(mean)\n", Found((), ("mean",))),
    "a variable": ("y = Mul(kept, number)\n", Found((), ("kept",))),
    "each once": ("a = Add(mean, kept)\nb = Identity(mean)\ny = Add(a, b)\n", Found((), ("mean", "kept"))),
    "taken off x": (
        "d = Sub(x, mean)\nm = Mean(d, axes)\ny = Add(m, mean)\n",
        Found((0, 1, 2), ("mean",), ("mean",)),
    ),
    "that x is taken off": (
        "d = Sub(mean, x)\nq = Square(d)\ny = Mean(q, axes)\n",
        Found((0, 1, 2), ("mean",)),
    ),
    "laid out and taken off x": (
        "to = Const([1, 1, 1, 3])\nm = Reshape(mean, to)\nc = Cast(x)\nd = SquaredDifference(c, m)\n"
        "y = Mean(d, axes)\n",
        Found((0, 1, 2), ("mean",), ("m", "mean")),
    ),
}


@pytest.mark.parametrize("case", STORED)
def test_what_is_stored_on_the_way(case: str) -> None:
    lines, found = STORED[case]
    assert walked(lines) == found


FUSED = "bn = FusedBatchNormV3({}, mean, mean, mean, mean, data_format={})\n"


@pytest.mark.parametrize(
    ("of", "data_format", "axes"),
    [
        ("x", "NHWC", (0, 1, 2)),
        ("x", "NCHW", (0, 2, 3)),
        ("z", "NCHW", (0, 1, 2)),
        ("z", "NHWC", (0, 3, 1)),
    ],
)
@pytest.mark.parametrize("port", [1, 2])
def test_moments_that_a_fused_op_takes(of: str, data_format: str, axes: tuple[int, ...], port: int) -> None:
    lines = "z = Transpose(x, to_first)\n" + FUSED.format(of, f'"{data_format}"')
    assert walked(lines, f"bn:{port}") == Found(axes, fused=("bn",))


def test_moments_of_a_fused_op_and_a_reduction() -> None:
    """The axes are those of the reduction."""
    lines = FUSED.format("x", '"NHWC"') + "m = Mean(x, first)\ny = Add(m, bn:1)\n"
    assert walked(lines) == Found((0,), fused=("bn",), of_x=True)


UNJUDGED = {
    "another tensor": ("y = Mean(other, axes)\n", "the statistics are computed from another tensor, other:0"),
    "a default": (
        "fed = PlaceholderWithDefault(mean)\ny = Identity(fed)\n",
        "the statistics are computed from another tensor, fed:0",
    ),
    "random numbers": (
        "y = RandomUniform(axes)\n",
        "the statistics come from RandomUniform y, neither a moment of x nor stored",
    ),
    "windows": (
        "a = AvgPool3D(x)\ny = Mean(a, axes)\n",
        "the statistics come from AvgPool3D a, averages over windows, and that "
        "one covers all of x is not known",
    ),
    "the first of two": (
        "a = RandomUniform(axes)\nb = RandomNormal(axes)\ny = Add(a, b)\n",
        "the statistics come from RandomUniform a, neither a moment of x nor stored",
    ),
    "the second of another op": (
        "t = TopKV2(x, number)\ny = Identity(t:1)\n",
        "the statistics come from TopKV2 t, neither a moment of x nor stored",
    ),
    "what a fused op normalizes": (
        FUSED.format("x", '"NHWC"') + "y = Identity(bn)\n",
        "the statistics come from FusedBatchNormV3 bn, neither a moment of x nor stored",
    ),
    "what a fused op keeps for its gradient": (
        FUSED.format("x", '"NHWC"') + "y = Identity(bn:3)\n",
        "the statistics come from FusedBatchNormV3 bn, neither a moment of x nor stored",
    ),
    "moments of another fused op": (
        FUSED.format("other", '"NHWC"') + "y = Identity(bn:1)\n",
        "the statistics are computed from another tensor, other:0",
    ),
}


@pytest.mark.parametrize("case", UNJUDGED)
def test_what_cannot_be_judged(case: str) -> None:
    lines, reason = UNJUDGED[case]
    assert walked(lines) == reason


@pytest.mark.parametrize(("nodes", "judged"), [(600, True), (601, False)])
def test_a_walk_ends_after_600_nodes(nodes: int, judged: bool) -> None:
    """The mean, what it is of, and what is made of it."""
    negated = nodes - 2
    chain = "n0 = Mean(x, axes)\n" + "".join(f"n{i} = Neg(n{i - 1})\n" for i in range(1, negated + 1))
    found = walked(chain, f"n{negated}:0")
    reason = f"the statistics of n{negated}:0 depend on too many nodes to judge"
    assert found == (Found((0, 1, 2), of_x=True) if judged else reason)


def test_what_was_met_first_is_said_however_much_there_is() -> None:
    many = ", ".join(f"n{number}" for number in range(700))
    lines = "".join(f"n{number} = Neg(mean)\n" for number in range(700))
    noise = "random = RandomUniform(axes)\n"
    assert walked(noise + lines + f"y = AddN(random, {many})\n") == (
        "the statistics come from RandomUniform random, neither a moment of x nor stored"
    )


@pytest.mark.parametrize(
    ("op", "stored"),
    [
        ("Const", True),
        ("VariableV2", True),
        ("VarHandleOp", True),
        ("Placeholder", True),
        ("PlaceholderV2", True),
        ("PlaceholderWithDefault", False),
        ("Identity", False),
    ],
)
def test_what_keeps_a_value(op: str, stored: bool) -> None:
    arguments = {"Const": "1.0", "Identity": "x", "PlaceholderWithDefault": "x"}.get(op, "")
    assert is_stored(graph(f"x = Placeholder()\ny = {op}({arguments})\n").node("y")) is stored


@pytest.mark.parametrize(
    ("written", "data_format"),
    [
        ("", "NHWC"),
        ('data_format="NHWC"', "NHWC"),
        ('data_format="NCHW"', "NCHW"),
        ('data_format="NDHWC"', "NHWC"),
        ('data_format="NCDHW"', "NCHW"),
        ('data_format="NCW"', "NCHW"),
        ('data_format="NC"', "NHWC"),
        ('data_format="HWNC"', "NHWC"),
    ],
)
def test_where_a_node_has_its_channels(written: str, data_format: str) -> None:
    assert data_format_of(graph(f"y = MaxPool({written})\n").node("y")) == data_format


ORDERS = {
    "an order that is fed, behind one that is known": "z = Transpose(x, to_first)\ny0 = Transpose(z, fed)\n",
    "an order that is known, behind one that is fed": "z = Transpose(x, fed)\ny0 = Transpose(z, to_last)\n",
}


@pytest.mark.parametrize("case", ORDERS)
def test_axes_of_an_unknown_order_are_not_known(case: str) -> None:
    lines = "fed = Placeholder(dtype=int32, shape=[4])\n" + ORDERS[case] + "y = Mean(y0, channels)\n"
    assert walked(lines) == Found(None)


@pytest.mark.parametrize("order", ["Placeholder(dtype=int32)", "Const([0, 3, 1, 1])", "Const([0, 3, 1, 5])"])
def test_of_what_x_is_no_known_transpose_of(order: str) -> None:
    lines = f"order = {order}\nz = Transpose(x, order)\ny = Mean(x, axes)\n"
    assert walked(lines, x="z") == Found(None)


@pytest.mark.parametrize(
    ("axes", "found"), [("[-4, -3]", (0, 3)), ("[3]", (2,)), ("[-5]", None), ("[4]", None)]
)
def test_axes_of_the_transpose_from_the_end(axes: str, found: tuple[int, ...] | None) -> None:
    lines = f"over = Const({axes})\nz = Transpose(x, to_first)\ny = Mean(z, over)\n"
    assert walked(lines) == Found(found)


def test_what_is_dequantized_from_what_is_stored_is_stored() -> None:
    assert walked("y = Dequantize(mean, number, half)\n") == Found((), ("mean",))
