"""Kinds of ops: which hands its input on, which only lays it out anew, which keeps its axes, which chooses.

The one table of them; whoever walks a graph asks here. Source: tensorflow/core/ops/*.cc.
"""

from __future__ import annotations

IDENTITIES = frozenset({
    "Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot", "DeepCopy", "Print",
    "EnsureShape", "Switch", "RefSwitch", "Enter", "RefEnter", "ReadVariableOp", "RefIdentity",
})  # fmt: skip
"""Ops whose output is their first input: what a Switch hands to either branch is what it was given."""
CASTS = frozenset({"Cast"})
RANK_CHANGES = frozenset({"Reshape", "Squeeze", "ExpandDims"})
"""Ops that lay the same values out in another shape."""
RESHAPES = RANK_CHANGES | CASTS | {"BroadcastTo"}
"""Ops that change how a vector of parameters or statistics is laid out or stored, not its values."""

CONVOLUTIONS = frozenset(
    {"Conv2D", "DepthwiseConv2dNative", "Conv3D", "MatMul", "BatchMatMul", "BatchMatMulV2"}
)
"""Ops linear in their second input, the weights."""
VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})
PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
SELECTS = frozenset({"Select", "SelectV2"})
SWITCHES = frozenset({"Switch", "RefSwitch"})
MERGES = frozenset({"Merge", "RefMerge"})
ENTERS = frozenset({"Enter", "RefEnter"})
EXITS = frozenset({"Exit", "RefExit"})
NEXT_TURNS = frozenset({"NextIteration", "RefNextIteration"})
"""Ops by which a loop goes round."""

ADDS_IN_PLACE = frozenset({"AssignAdd", "AssignAddVariableOp"})
SUBTRACTS_IN_PLACE = frozenset({"AssignSub", "AssignSubVariableOp"})
REPLACES = frozenset({"Assign", "AssignVariableOp"})
ASSIGNS = ADDS_IN_PLACE | SUBTRACTS_IN_PLACE | REPLACES
APPLIES = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")
"""How ops of optimizers begin."""
_CHANGING = (
    "Assign", "Scatter", "Apply", "ResourceApply", "SparseApply", "ResourceSparseApply", "ResourceScatter",
    "StridedSliceAssign", "ResourceStridedSliceAssign",
)  # fmt: skip
"""How ops begin that change a variable."""
_SCATTERS = frozenset({"ScatterNd", "ScatterNdNonAliasingAdd"})
"""Ops that begin so, and make a new tensor."""

_ELEMENTWISE = frozenset({
    "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Abs", "Square", "Neg",
})  # fmt: skip
_PADS = frozenset({"Pad", "PadV2", "MirrorPad"})
_RESIZES = frozenset({"ResizeBilinear", "ResizeNearestNeighbor"})
_POOLS = frozenset({"MaxPool", "AvgPool"})
BROADCASTS = frozenset({"Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "RealDiv"})
"""Of two operands the rank is that of the longer shape; a stored one says nothing of the other."""
_OF_ONE_SHAPE = _ELEMENTWISE | CASTS | {"BiasAdd"}
"""Ops whose output has the shape of their first input."""

KEEP_CHANNELS = _OF_ONE_SHAPE | _POOLS | _RESIZES | {"LRN"}
"""Ops whose first input and output have the same channels, the last axis or the second."""
KEEP_BATCH = KEEP_CHANNELS | _PADS | {
    "Conv2D", "DepthwiseConv2dNative", "Conv3D", "MaxPool3D", "AvgPool3D", "Softmax",
    "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3",
}  # fmt: skip
"""Ops whose first input and output have the same images along axis 0."""
KEEP_RANK = _OF_ONE_SHAPE | _PADS | BROADCASTS | {
    "ConcatV2", "BatchToSpaceND", "SpaceToBatchND", "Softmax", "Transpose", "AddN",
}  # fmt: skip
"""Ops whose first input and output have as many axes."""
RANK = {
    **dict.fromkeys(_POOLS | _RESIZES, 4),
    "Conv2D": 4, "DepthwiseConv2dNative": 4, "Conv2DBackpropInput": 4, "FusedBatchNorm": 4,
    "FusedBatchNormV2": 4, "FusedBatchNormV3": 4, "_FusedConv2D": 4, "SpaceToDepth": 4, "DepthToSpace": 4,
    "LRN": 4, "MatMul": 2, "Conv3D": 5, "MaxPool3D": 5, "AvgPool3D": 5, "Conv3DBackpropInputV2": 5,
}  # fmt: skip
"""Op -> the rank of all it gives."""


def mutates(op: str) -> bool:
    """Whether the op changes a variable: meaningless once freezing has made the variable a constant."""
    return op.startswith(_CHANGING) and op not in _SCATTERS
