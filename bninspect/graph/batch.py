"""How many images share a batch, where the graph fixes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.trace import declared_shape, same

if TYPE_CHECKING:
    from bninspect.graph import Tensor

_KEEPING = frozenset({
    "Conv2D", "DepthwiseConv2dNative", "Conv3D", "MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "BiasAdd",
    "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Abs", "Square", "Neg", "LRN",
    "Pad", "PadV2", "MirrorPad", "Cast", "Softmax", "ResizeBilinear", "ResizeNearestNeighbor",
    "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3",
})  # fmt: skip
"""Ops whose first input and output have the same images along axis 0."""
_MOST_NODES = 500


def batch_size(x: Tensor) -> int | None:
    """The length of axis 0; None where the graph leaves it open, or does not tell.

    By the shapes that TensorFlow notes in a MetaGraph (`_output_shapes`); else by the shape of the input that
    x is made from, through ops that keep axis 0.
    """
    for _ in range(_MOST_NODES):
        x = same(x)
        shape = _noted(x)
        if shape is not None:
            return shape[0] if shape and shape[0] >= 0 else None
        if x.node.op not in _KEEPING or not x.node.inputs:
            return None
        x = x.node.inputs[0]
    return None


def _noted(x: Tensor) -> tuple[int, ...] | None:
    """The shape that the node itself states for this output; None where it states none, or no rank."""
    for name in ("_output_shapes", "output_shapes"):
        shapes = x.node.attr(name)
        shape = shapes[x.port] if isinstance(shapes, tuple) and x.port < len(shapes) else None
        if isinstance(shape, tuple):
            return tuple(int(size) for size in shape)
    return declared_shape(x.node) if x.node.op.startswith("Placeholder") else None
