"""Shapes, as far as the ops before a tensor tell: its rank, its channels, the images of its batch."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from bninspect.graph.ops import BROADCASTS, KEEP_BATCH, KEEP_CHANNELS, KEEP_RANK, RANK, VARIABLES
from bninspect.graph.trace import content, declared_shape, integers, same, shape_of, value

if TYPE_CHECKING:
    from bninspect.graph import Node, Tensor

_CONVOLUTIONS = frozenset({"Conv2D", "Conv3D", "FusedConv2D"})
_HOPS = 64
"""Ops that are looked through for a rank."""
_HOPS_OF_CHANNELS = 32
_MOST_NODES = 500
"""Ops that are looked through for the length of a batch."""


def rank(tensor: Tensor) -> int | None:
    """The rank of a tensor as far as the ops before it tell; None where they do not."""
    least = 0
    for _ in range(_HOPS):
        tensor = same(tensor)
        node = tensor.node
        if tensor.port:
            return None
        if node.op in RANK:
            return max(least, RANK[node.op])
        if node.op == "Reshape":
            sizes = target_of(node)
            return None if sizes is None else max(least, len(sizes))
        declared = declared_shape(node) if node.op.startswith("Placeholder") else None
        if declared is not None and (declared or node.op != "Placeholder"):
            return max(least, len(declared))
        shape_held = shape_of(node)
        if shape_held is not None:
            return max(least, len(shape_held))
        if node.op not in KEEP_RANK or not node.inputs:
            return None
        tensor = node.inputs[0]
        if node.op in BROADCASTS:
            shape_held = shape_of(same(tensor).node)
            if shape_held is not None:
                least, tensor = max(least, len(shape_held)), node.inputs[1]
    return None


def target_of(reshape: Node) -> tuple[int | None, ...] | None:
    """The sizes that a Reshape gives its input, -1 for the rest of it and None for one that is computed; None
    if not even the number of axes is known.
    """
    written = integers(reshape.inputs[1])
    if written is not None:
        return written
    pack = same(reshape.inputs[1]).node
    if pack.op != "Pack":
        return None
    sizes = [integers(tensor, 1) for tensor in pack.inputs]
    return tuple(size[0] if size else None for size in sizes)


def length(tensor: Tensor | None) -> int | None:
    """How many values a constant or a variable holds; None where it is neither, does not say, or is empty."""
    if tensor is None:
        return None
    node = tensor.node
    held = content(node)
    if held is not None:
        return held.size if held.size > 0 else None
    shape = declared_shape(node) if node.op in VARIABLES else None
    if not shape or min(shape) <= 0:
        return None
    return prod(shape)


def channels(x: Tensor, data_format: str | None) -> int | None:
    """The channels of x by the weights it is made with or a placeholder's shape; None where neither tells."""
    for _ in range(_HOPS_OF_CHANNELS):
        x = same(x)
        node = x.node
        if node.op.startswith("Placeholder"):
            shape = declared_shape(node)
            if not shape or len(shape) < 2 or data_format is None:
                return None
            size = shape[1 if data_format == "NCHW" else -1]
            return size if size > 0 else None
        if node.op in _CONVOLUTIONS or node.op in ("DepthwiseConv2dNative", "MatMul"):
            return _made(node)
        if node.op not in KEEP_CHANNELS or not node.inputs:
            return None
        x = node.inputs[0]
    return None


def _made(node: Node) -> int | None:
    """The channels a convolution or a product with a matrix makes."""
    if len(node.inputs) < 2 or str(node.attr("data_format", b"")).endswith("VECT_C'"):
        return None
    shape = shape_of(value(node.inputs[1]).node)
    if shape is None or len(shape) < 2 or min(shape) <= 0:
        return None
    if node.op == "DepthwiseConv2dNative":
        return shape[-1] * shape[-2]
    if node.op == "MatMul":
        return shape[0] if node.attr("transpose_b", False) else shape[-1]
    return shape[-1]


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
        if x.node.op not in KEEP_BATCH or not x.node.inputs:
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
