"""How many channels a tensor has, as far as the ops before it tell; and how long a vector is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.trace import VARIABLES, content, declared_shape, same, shape_of, value

if TYPE_CHECKING:
    from bninspect.graph import Node, Tensor

_KEEPING = frozenset({
    "BiasAdd", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "MaxPool", "AvgPool", "Cast",
    "Softplus", "ResizeBilinear", "ResizeNearestNeighbor", "Neg", "Abs", "Square", "LRN",
})  # fmt: skip
_CONVOLUTIONS = frozenset({"Conv2D", "Conv3D", "FusedConv2D"})
_HOPS = 32


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
    size = 1
    for one in shape:
        size *= one
    return size


def channels(x: Tensor, data_format: str | None) -> int | None:
    """The channels of x by the weights it is made with or a placeholder's shape; None where neither tells."""
    for _ in range(_HOPS):
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
        if node.op not in _KEEPING or not node.inputs:
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
