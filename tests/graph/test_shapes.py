"""Ranks, held against TensorFlow's own shape inference: every op of both tables, as TensorFlow writes it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.graph import flatten, ops
from bninspect.graph.shapes import rank, target_of
from bninspect.graphdef.reader import records
from tests.support.parts import STORED
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE, VOLUME, ROWS = [2, 8, 8, 3], [2, 4, 8, 8, 3], [2, 3]
_ONE = {"strides": [1, 1, 1, 1], "padding": "SAME"}
_POOL = {"ksize": [1, 2, 2, 1], **_ONE}
_ONE_3D = {"strides": [1, 1, 1, 1, 1], "padding": "SAME"}
_POOL_3D = {"ksize": [1, 2, 2, 2, 1], **_ONE_3D}
BORDER = [[0, 0], [1, 1], [1, 1], [0, 0]]
ARGUMENTS: dict[str, Callable[[Any, Any, Any], dict[str, Any]]] = {
    "Conv2D": lambda tf, x, _: {"input": x, "filter": tf.ones([3, 3, 3, 5]), **_ONE},
    "DepthwiseConv2dNative": lambda tf, x, _: {"input": x, "filter": tf.ones([3, 3, 3, 1]), **_ONE},
    "Conv2DBackpropInput": lambda tf, x, _: {
        "input_sizes": [2, 8, 8, 5], "filter": tf.ones([3, 3, 5, 3]), "out_backprop": x, **_ONE,
    },
    "MaxPool": lambda _, x, __: {"input": x, **_POOL},
    "AvgPool": lambda _, x, __: {"value": x, **_POOL},
    "LRN": lambda _, x, __: {"input": x},
    "ResizeBilinear": lambda _, x, __: {"images": x, "size": [4, 4]},
    "ResizeNearestNeighbor": lambda _, x, __: {"images": x, "size": [4, 4]},
    "SpaceToDepth": lambda _, x, __: {"input": x, "block_size": 2},
    "DepthToSpace": lambda tf, _, __: {"input": tf.ones([2, 8, 8, 4]), "block_size": 2},
    "MatMul": lambda tf, _, __: {"a": tf.ones(ROWS), "b": tf.ones([3, 4])},
    "Conv3D": lambda tf, _, v: {"input": v, "filter": tf.ones([3, 3, 3, 3, 5]), **_ONE_3D},
    "MaxPool3D": lambda _, __, v: {"input": v, **_POOL_3D},
    "AvgPool3D": lambda _, __, v: {"input": v, **_POOL_3D},
    "Conv3DBackpropInputV2": lambda tf, _, v: {
        "input_sizes": [2, 4, 8, 8, 5], "filter": tf.ones([3, 3, 3, 5, 3]), "out_backprop": v, **_ONE_3D,
    },
    "BiasAdd": lambda tf, x, _: {"value": x, "bias": tf.ones([3])},
    "Softmax": lambda _, x, __: {"logits": x},
    "Pad": lambda _, x, __: {"input": x, "paddings": BORDER},
    "PadV2": lambda _, x, __: {"input": x, "paddings": BORDER, "constant_values": 1.0},
    "MirrorPad": lambda _, x, __: {"input": x, "paddings": BORDER, "mode": "REFLECT"},
    "ConcatV2": lambda _, x, __: {"values": [x, x], "axis": 3},
    "AddN": lambda _, x, __: {"inputs": [x, x]},
    "Cast": lambda tf, x, _: {"x": x, "DstT": tf.float64},
    "Transpose": lambda _, x, __: {"x": x, "perm": [0, 3, 1, 2]},
    "SpaceToBatchND": lambda _, x, __: {"input": x, "block_shape": [2, 2], "paddings": [[0, 0], [0, 0]]},
    "BatchToSpaceND": lambda tf, _, __: {
        "input": tf.ones([4, 8, 8, 3]), "block_shape": [2, 2], "crops": [[0, 0], [0, 0]],
    },
}  # fmt: skip
_OF_FEATURES = {"Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Softplus"}
_OF_TWO = {"Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "RealDiv"}
_FUSED = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}
HIDDEN = {"_FusedConv2D"}
"""Ops that only TensorFlow's optimizer writes."""


def arguments(op: str, tf: Any, x: Any, volume: Any) -> dict[str, Any]:
    """What the op is called with."""
    if op in ARGUMENTS:
        return ARGUMENTS[op](tf, x, volume)
    if op in _OF_FEATURES:
        return {"features": x}
    if op in _FUSED:
        one = tf.ones([3])
        return {"x": x, "scale": one, "offset": one, "mean": one, "variance": one, "is_training": False}
    return {"x": tf.constant(2.0), "y": x} if op in _OF_TWO else {"x": x}


@pytest.mark.tensorflow
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_as_tensorflow_infers_them() -> None:
    import tensorflow as tf

    tables = sorted(ops.RANK) + sorted(ops.KEEP_RANK)
    with tf.Graph().as_default() as made:
        x = tf.compat.v1.placeholder(tf.float32, IMAGE)
        volume = tf.compat.v1.placeholder(tf.float32, VOLUME)
        for op in tables:
            if op not in HIDDEN:
                getattr(tf.raw_ops, op)(**arguments(op, tf, x, volume), name=f"node_{op}")
        expected = {
            op: len(made.get_tensor_by_name(f"node_{op}:0").shape) for op in tables if op not in HIDDEN
        }
    nodes = flatten(records(made.as_graph_def().SerializeToString(), "made"))
    assert {op: rank(nodes.node(f"node_{op}").output()) for op in expected} == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("y = Mul(epsilon, x)", 4),
        ("y = Sub(x, mean)", 4),
        ("y = Add(mean, x)", 4),
        ("wide = VariableV2(shape=[1, 1, 1, 1, 3])\ny = Mul(wide, x)", 5),
        ("to = Const([-1, 3])\ny = Reshape(x, to)", 2),
        ("n = Const(2)\nto = Pack(n, n, n)\ny = Reshape(x, to)", 3),
        ("to = Placeholder(dtype=int32)\ny = Reshape(x, to)", None),
        ("y = Identity(mean)", 1),
        ("free = Placeholder(dtype=float)\ny = Relu(free)", None),
        ("y = _FusedConv2D(x, mean)", 4),
        ("y = FusedBatchNormV3(x, gamma, beta, mean, variance)", 4),
    ],
)
def test_other_ranks(lines: str, expected: int | None) -> None:
    """A stored operand says nothing of the other; the longer of two shapes counts."""
    assert rank(graph(STORED + lines).node("y").output()) == expected


BEHIND = {
    "a convolution": ("z = Conv2D(x, x)", 4),
    "a stored shape": ("to = Const([2, 3])\nz = Reshape(x, to)", 2),
    "a shape that is put together": (
        "n = Const(2)\nto = Pack(n, n)\nhanded = Identity(to)\nz = Reshape(x, handed)",
        2,
    ),
    "a placeholder": ("z = Placeholder(dtype=float, shape=[2, 3])", 2),
    "a constant": ("z = Const([1.0, 2.0, 3.0])", 1),
    "a variable": ("z = VariableV2(shape=[2, 3])", 2),
}


@pytest.mark.parametrize("case", BEHIND)
@pytest.mark.parametrize("op", sorted(ops.BROADCASTS))
def test_beside_what_is_stored_the_longer_shape_counts(case: str, op: str) -> None:
    lines, own = BEHIND[case]
    for sizes in ([], [3], [1, 2, 3], [1, 1, 1, 1, 3]):
        text = f"{lines}\ns = VariableV2(shape={sizes})\nread = Identity(s)\ny = {op}(read, z)"
        assert rank(graph(STORED + text).node("y").output()) == max(own, len(sizes))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("y = Placeholder(dtype=float, shape=[])", None),
        ("y = PlaceholderV2(dtype=float, shape=[])", 0),
        ("y = PlaceholderWithDefault(epsilon, dtype=float, shape=[])", 0),
        ("y = Placeholder(dtype=float)", None),
        ("y = VariableV2(shape=[])", 0),
        ("y = VariableV2(dtype=float)", None),
        ("to = Const(3)\ny = Reshape(x, to)", 1),
        ("y = Softmax()", None),
        ("y = Softmax(x)", 4),
        ("y = Shape(x, shape=[2, 3])", None),
        ("y = Mean(x, mean)", None),
    ],
)
def test_what_a_node_says_of_its_own_rank(lines: str, expected: int | None) -> None:
    """The shape [] of a Placeholder is what old files write where it is not known."""
    assert rank(graph(STORED + lines).node("y").output()) == expected


TARGETS = {
    "written": ("to = Const([-1, 3])", (-1, 3)),
    "one number": ("to = Const(3)", (3,)),
    "of no axes": ("n = Const(1)\nto = Pack()", ()),
    "put together": ("n = Const(2)\nto = Pack(n, count, n)", (2, None, 2)),
    "put together and handed on": ("n = Const(2)\np = Pack(count, n)\nto = Identity(p)", (None, 2)),
    "of two numbers in one place": ("n = Const([2, 3])\nto = Pack(n, n)", (None, None)),
    "of numbers that are no sizes": ("n = Const(2.0)\nto = Pack(n)", (None,)),
    "computed": ("n = Const(2)\nto = AddN(n, n)", None),
    "fed": ("to = Identity(count)", None),
}


@pytest.mark.parametrize("case", TARGETS)
def test_what_a_reshape_makes_of_it(case: str) -> None:
    lines, sizes = TARGETS[case]
    text = f"{STORED}count = Placeholder(dtype=int32)\n{lines}\ny = Reshape(x, to)"
    assert target_of(graph(text).node("y")) == sizes


@pytest.mark.parametrize("count", [63, 64])
def test_a_rank_is_looked_for_only_so_far(count: int) -> None:
    lines = "y0 = Relu(x)\n" + "".join(f"y{number + 1} = Relu(y{number})\n" for number in range(count - 1))
    assert rank(graph(STORED + lines).nodes[-1].output()) == (4 if count == 63 else None)


def test_the_mean_of_a_fused_op_has_not_the_rank_of_its_result() -> None:
    node = graph(STORED + "y = FusedBatchNormV3(x, gamma, beta, mean, variance)").node("y")
    assert rank(node.output(1)) is None
