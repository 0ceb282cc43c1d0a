"""The rank of a tensor, as far as the ops before it tell: whether all axes were reduced depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.trace import constant, declared_shape, same, shape_of

if TYPE_CHECKING:
    from bninspect.graph import Tensor

_RANK = {
    "Conv2D": 4, "DepthwiseConv2dNative": 4, "MaxPool": 4, "AvgPool": 4, "Conv2DBackpropInput": 4,
    "FusedBatchNorm": 4, "FusedBatchNormV2": 4, "FusedBatchNormV3": 4, "_FusedConv2D": 4,
    "ResizeBilinear": 4, "ResizeNearestNeighbor": 4, "SpaceToDepth": 4, "DepthToSpace": 4, "LRN": 4,
    "MatMul": 2, "Conv3D": 5, "MaxPool3D": 5, "AvgPool3D": 5, "Conv3DBackpropInputV2": 5,
}  # fmt: skip
_RANK_KEEPING = frozenset({
    "BiasAdd", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Add", "AddV2", "Sub", "Mul",
    "Maximum", "RealDiv", "Pad", "PadV2", "MirrorPad", "ConcatV2", "BatchToSpaceND", "SpaceToBatchND",
    "Softmax", "Neg", "Cast", "Transpose", "Minimum", "AddN", "Softplus", "Abs", "Square",
})  # fmt: skip

_BROADCASTING = frozenset({"Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "RealDiv"})
"""Of two operands the rank is that of the longer shape; a stored one says nothing of the other."""
_HOPS = 64


def rank(tensor: Tensor) -> int | None:
    """The rank of a tensor as far as the ops before it tell; None where they do not."""
    least = 0
    for _ in range(_HOPS):
        tensor = same(tensor)
        node = tensor.node
        if tensor.port:
            return None
        if node.op in _RANK:
            return max(least, _RANK[node.op])
        if node.op == "Reshape":
            shape = constant(node.inputs[1]) if len(node.inputs) > 1 else None
            if shape is not None:
                return max(least, int(shape.size))
            target = same(node.inputs[1]).node if len(node.inputs) > 1 else None
            return max(least, len(target.inputs)) if target is not None and target.op == "Pack" else None
        declared = declared_shape(node) if node.op.startswith("Placeholder") else None
        if declared is not None and (declared or node.op != "Placeholder"):
            return max(least, len(declared))
        shape_held = shape_of(node)
        if shape_held is not None:
            return max(least, len(shape_held))
        if node.op not in _RANK_KEEPING or not node.inputs:
            return None
        tensor = node.inputs[0]
        if node.op in _BROADCASTING and len(node.inputs) > 1:
            shape_held = shape_of(same(tensor).node)
            if shape_held is not None:
                least, tensor = max(least, len(shape_held)), node.inputs[1]
    return None
