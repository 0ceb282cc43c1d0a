"""How many channels and images a tensor has, held against TensorFlow's own shape inference."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.graph import flatten
from bninspect.graph.ops import KEEP_CHANNELS
from bninspect.graph.shapes import batch_size, channels, length
from bninspect.graphdef.reader import records
from tests.support.text import graph, graphdef

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.graph import Graph

needs_tensorflow = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
_ONE: dict[str, Any] = {"strides": [1, 1, 1, 1], "padding": "SAME"}
_POOL: dict[str, Any] = {"ksize": [1, 2, 2, 1], **_ONE}
WITH_MORE: dict[str, Callable[[Any, Any], dict[str, Any]]] = {
    "BiasAdd": lambda tf, x: {"value": x, "bias": tf.ones([5])},
    "MaxPool": lambda _, x: {"input": x, **_POOL},
    "AvgPool": lambda _, x: {"value": x, **_POOL},
    "Cast": lambda tf, x: {"x": x, "DstT": tf.float64},
    "ResizeBilinear": lambda _, x: {"images": x, "size": [4, 4]},
    "ResizeNearestNeighbor": lambda _, x: {"images": x, "size": [4, 4]},
    "LRN": lambda _, x: {"input": x},
}
_OF_FEATURES = {"Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Softplus"}


def built(
    images: int | None, fill: Callable[[Any, Any], None], add_shapes: bool = False
) -> tuple[Graph, Any]:
    """(ours, TensorFlow's) graph of what is made of 8x8 images of 3 channels."""
    import tensorflow as tf

    with tf.Graph().as_default() as made:
        fill(tf, tf.compat.v1.placeholder(tf.float32, [images, 8, 8, 3], name="x"))
    return flatten(records(made.as_graph_def(add_shapes=add_shapes).SerializeToString(), "made")), made


def convolved(tf: Any, x: Any) -> None:
    """A convolution to 5 channels, and behind it each op that keeps channels."""
    y = tf.raw_ops.Conv2D(input=x, filter=tf.ones([3, 3, 3, 5]), **_ONE, name="conv")
    for op in sorted(KEEP_CHANNELS):
        given = WITH_MORE[op](tf, y) if op in WITH_MORE else {"features" if op in _OF_FEATURES else "x": y}
        getattr(tf.raw_ops, op)(**given, name=f"keeps_{op}")
    tf.raw_ops.DepthwiseConv2dNative(input=x, filter=tf.ones([3, 3, 3, 4]), **_ONE, name="depthwise")
    rows = tf.ones([2, 3])
    tf.raw_ops.MatMul(a=rows, b=tf.ones([3, 7]), name="product")
    tf.raw_ops.MatMul(a=rows, b=tf.ones([6, 3]), transpose_b=True, name="transposed")
    volume = tf.compat.v1.placeholder(tf.float32, [2, 4, 8, 8, 3])
    kernel = tf.ones([1, 1, 1, 3, 11])
    tf.raw_ops.Conv3D(input=volume, filter=kernel, strides=[1] * 5, padding="SAME", name="volume")


@pytest.mark.tensorflow
@needs_tensorflow
def test_channels_as_tensorflow_infers_them() -> None:
    ours, made = built(2, convolved)
    wanted = {"conv", "depthwise", "product", "transposed", "volume", "x"}
    names = [*wanted, *(f"keeps_{op}" for op in KEEP_CHANNELS)]
    expected = {name: made.get_tensor_by_name(f"{name}:0").shape[-1] for name in names}
    assert {name: channels(ours.node(name).output(), "NHWC") for name in names} == expected


@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.parametrize("images", [None, 7])
@pytest.mark.parametrize("add_shapes", [False, True])
def test_images_as_tensorflow_infers_them(images: int | None, add_shapes: bool) -> None:
    """With the shapes noted, also behind an op that moves axis 0."""

    def fill(tf: Any, x: Any) -> None:
        y = tf.raw_ops.Pad(input=tf.nn.relu(tf.nn.conv2d(x, tf.ones([3, 3, 3, 5]), 1, "SAME")), paddings=[
            [0, 0], [1, 1], [1, 1], [0, 0]], name="padded")  # fmt: skip
        tf.transpose(y, [3, 0, 1, 2], name="moved")
        tf.compat.v1.placeholder(tf.float32, [], name="scalar")
        tf.compat.v1.placeholder(tf.float32, None, name="anything")

    ours, _ = built(images, fill, add_shapes)
    assert batch_size(ours.node("padded").output()) == images
    assert batch_size(ours.node("moved").output()) == (5 if add_shapes else None)
    assert batch_size(ours.node("scalar").output()) is None
    assert batch_size(ours.node("anything").output()) is None


@pytest.mark.parametrize(
    ("shape", "data_format", "expected"),
    [
        ("[2, 5, 8, 3]", "NHWC", 3),
        ("[2, 5, 8, 3]", "NCHW", 5),
        ("[2, 1]", "NHWC", 1),
        ("[2, 5, 8, -1]", "NHWC", None),
        ("[2, -1, 8, 3]", "NCHW", None),
        ("[2, 5, 8, 3]", None, None),
        ("[3]", "NHWC", None),
        ("[]", "NHWC", None),
    ],
)
def test_a_placeholder_tells_by_its_shape(shape: str, data_format: str | None, expected: int | None) -> None:
    made = graph(f"x = Placeholder(dtype=float, shape={shape})\ny = Relu(x)\n")
    assert channels(made.node("y").output(), data_format) == expected


@pytest.mark.parametrize(
    "lines",
    [
        "k = VariableV2(dtype=float, shape=[3])\ny = MatMul(x, k)",
        "k = VariableV2(dtype=float, shape=[3, 3, 3, -1])\ny = Conv2D(x, k)",
        "k = VariableV2(dtype=float, shape=[3, 3, 3, 4])\ny = Conv2D(x, k, data_format='NCHW_VECT_C')",
        "k = Placeholder(dtype=float, shape=[3, 3, 3, 4])\ny = Conv2D(x, k)",
        "y = Reshape(x, x)",
    ],
)
def test_what_does_not_tell_is_not_guessed(lines: str) -> None:
    made = graph(f"x = Placeholder(dtype=float, shape=[2, 8, 8, 3])\n{lines}\n")
    assert channels(made.node("y").output(), "NHWC") is None


@pytest.mark.parametrize(
    ("shape", "data_format", "expected"),
    [
        ([-1, 3], "NHWC", 3),
        ([-1, 5, 8, 3], "NHWC", 3),
        ([-1, 5, 8, 3], "NCHW", 5),
        ([-1, 1], "NHWC", 1),
        ([2, -1], "NHWC", None),
        ([2, 0], "NHWC", None),
        ([3], "NHWC", None),
        ([3], "NCHW", None),
        ([], "NHWC", None),
        ([-1, 3], None, None),
    ],
)
def test_channels_of_a_placeholder(shape: list[int], data_format: str | None, expected: int | None) -> None:
    """Rows of two axes have channels as images have; one axis alone is no batch of anything."""
    x = graph(f"x = Placeholder(dtype=float, shape={shape})").node("x").output()
    assert channels(x, data_format) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("k = VariableV2(dtype=float, shape=[3, 3, 3, 5])\ny = Conv2D(x, k)", 5),
        ("k = VariableV2(dtype=float, shape=[1, 1, 3, 1])\ny = Conv2D(x, k)", 1),
        ("k = VariableV2(dtype=float, shape=[1, 1, 0, 5])\ny = Conv2D(x, k)", None),
        ("k = VariableV2(dtype=float, shape=[1, 1, -1, 5])\ny = Conv2D(x, k)", None),
        ("k = VariableV2(dtype=float, shape=[3, 5])\nr = Reshape(k, k)\nc = Cast(r)\ny = Conv2D(x, c)", 5),
        ("k = VariableV2(dtype=float, shape=[3, 3, 3, 5])\ny = FusedConv2D(x, k)", 5),
        ("k = VariableV2(dtype=float, shape=[1, 3, 3, 3, 5])\ny = Conv3D(x, k)", 5),
        ("y = FusedConv2D(x)", None),
        ("k = VariableV2(dtype=float, shape=[5, 7, 3, 4])\ny = DepthwiseConv2dNative(x, k)", 12),
        ("k = VariableV2(dtype=float, shape=[6, 7])\ny = MatMul(x, k)", 7),
        ("k = VariableV2(dtype=float, shape=[6, 7])\ny = MatMul(x, k, transpose_b=true)", 6),
        ("k = VariableV2(dtype=float, shape=[6, 7])\ny = MatMul(x, k, transpose_b=false)", 7),
        ("k = VariableV2(dtype=float, shape=[6, 7])\nz = MatMul(x, k)\nr = Relu6(z)\ny = Identity(r)", 7),
        ("y = Softplus(x)", 3),
        ("y = Softplus()", None),
        ("y = Softmax(x)", None),
    ],
)
def test_channels_by_the_weights_that_make_them(lines: str, expected: int | None) -> None:
    made = graph(f"x = Placeholder(dtype=float, shape=[2, 8, 8, 3])\n{lines}\n")
    assert channels(made.node("y").output(), "NHWC") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("k = Const([1.0, 2.0])", 2),
        ("k = Const(1.0)", 1),
        ("k = Const([])", None),
        ("k = VariableV2(dtype=float, shape=[3])", 3),
        ("k = VarHandleOp(dtype=float, shape=[2, 3, 1])", 6),
        ("k = VariableV2(dtype=float, shape=[1])", 1),
        ("k = VariableV2(dtype=float, shape=[2, 0])", None),
        ("k = VariableV2(dtype=float, shape=[-1, 3])", None),
        ("k = VariableV2(dtype=float, shape=[])", None),
        ("k = VariableV2(dtype=float)", None),
        ("k = Placeholder(dtype=float, shape=[3])", None),
    ],
)
def test_how_many_values_are_kept(line: str, expected: int | None) -> None:
    assert length(graph(line).node("k").output()) == expected
    assert length(None) is None


@pytest.mark.parametrize(
    ("shape", "expected"), [([7, 3], 7), ([7], 7), ([0, 3], 0), ([-1, 3], None), ([], None), (None, None)]
)
@pytest.mark.parametrize("noted", ["", "_output_shapes", "output_shapes"])
def test_images_by_what_is_written_of_the_shape(
    shape: list[int] | None, noted: str, expected: int | None
) -> None:
    """Of a placeholder its shape; of any node what a MetaGraph notes for each of its outputs."""
    attributes = "" if noted or shape is None else f", shape={shape}"
    message = graphdef(f"x = Placeholder(dtype=float{attributes})\ny = Softmax(x)\nz = Where(x)\n")
    if noted:
        shapes = message.node[0].attr[noted].list.shape
        shapes.add().dim.add(size=99)
        one = shapes.add(unknown_rank=shape is None)
        for size in shape or ():
            one.dim.add(size=size)
    made = flatten(records(message.SerializeToString(), "made"))
    x = made.node("x")
    assert batch_size(x.output(1 if noted else 0)) == expected
    assert batch_size(x.output(2)) is None if noted else batch_size(made.node("y").output()) == expected
    assert batch_size(made.node("z").output()) is None


def test_images_where_nothing_is_written() -> None:
    made = graph("y = Softmax()\nz = Relu6(x)\nx = Split(y, shape=[3])\nv = VariableV2(shape=[3])\n")
    assert [batch_size(node.output()) for node in made] == [None] * 4
