"""What an op takes: how many inputs, and of which kind an attribute is.

Held where a graph is built and where an attribute is read, so that nothing behind asks whether the inputs it
reads by position are there, or whether there are more. TensorFlow refuses what breaks these, too. The
normalizations themselves are not listed: one that is short of inputs is named as `unrecognised`. Source:
tensorflow/core/ops/*.cc.
"""

from __future__ import annotations

from typing import Any

from bninspect.errors import GraphDefError
from bninspect.graphdef.records import AttributePlaceholder, FunctionRef
from bninspect.graphdef.tensors import TensorValue

_ONE = (
    "Identity", "RefIdentity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot", "DeepCopy",
    "EnsureShape", "Enter", "RefEnter", "Exit", "RefExit", "NextIteration", "RefNextIteration", "LoopCond",
    "ReadVariableOp", "Squeeze", "Cast", "LogicalNot", "Neg", "Square", "Sqrt", "Rsqrt", "Reciprocal", "Inv",
    "Relu", "Abs", "Exp", "Log", "PlaceholderWithDefault", "Shape", "ZerosLike", "OnesLike",
    "FakeQuantWithMinMaxArgs",
)  # fmt: skip
_ONE_OR_MORE = ("IdentityN", "Print", "Merge", "RefMerge", "AddN")
_TWO = (
    "Switch", "RefSwitch", "Reshape", "ExpandDims", "BroadcastTo", "Tile", "Transpose", "Fill", "Add",
    "AddV2", "Sub", "Mul", "RealDiv", "Div", "DivNoNan", "SquaredDifference", "Maximum", "Minimum",
    "Pow", "BiasAdd", "Mean", "Sum", "LogicalAnd", "LogicalOr", "Equal", "NotEqual", "Greater",
    "GreaterEqual", "Less", "LessEqual", "Xdivy", "Conv2D", "DepthwiseConv2dNative", "Conv3D", "MatMul",
    "BatchMatMul", "BatchMatMulV2", "Assign", "AssignAdd", "AssignSub", "AssignVariableOp",
    "AssignAddVariableOp", "AssignSubVariableOp", "ResourceGather", "ResourceGatherNd", "BatchToSpace",
)  # fmt: skip
_THREE = (
    "Select", "SelectV2", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel", "BatchToSpaceND",
    "ClipByValue",
)  # fmt: skip
INPUTS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(_ONE, (1, 1)),
    **dict.fromkeys(_ONE_OR_MORE, (1, None)),
    **dict.fromkeys(_TWO, (2, 2)),
    **dict.fromkeys(_THREE, (3, 3)),
}
"""Op -> data inputs at least and at most; None where it takes any number."""

_KINDS: dict[str, tuple[type, ...]] = {
    "T": (str, tuple),
    "U": (str, tuple),
    "dtype": (str,),
    "DstT": (str,),
    "out_type": (str,),
    "Tindices": (str,),
    "is_training": (bool,),
    "scale_after_normalization": (bool,),
    "transpose_b": (bool,),
    "exponential_avg_factor": (float,),
    "data_format": (bytes,),
    "frame_name": (bytes,),
    "shared_name": (bytes,),
    "batch_dims": (int,),
}
"""Attribute -> what its value is, of every op that is asked for it; a tuple is one of types."""
_NAMES = (
    (bool, "true or false"), (str, "a type"), (bytes, "text"), (float, "a number"), (int, "a whole number"),
    (TensorValue, "a tensor"), (FunctionRef, "a function"), (AttributePlaceholder, "left to a call"),
)  # fmt: skip


def of_its_kind(name: str, value: Any, owner: str) -> Any:
    """The value of an attribute. Raises GraphDefError where it is of another kind than its name has."""
    kinds = _KINDS.get(name)
    if kinds is None or value is None:
        return value
    kind = value.__class__
    if (kind in kinds and kind is not tuple) or kind is AttributePlaceholder:
        return value
    fits = isinstance(value, kinds) and (int not in kinds or not isinstance(value, bool))
    if fits and not (isinstance(value, tuple) and _is_record(value)):
        return value
    raise GraphDefError(
        f"damaged: attribute {name} of {owner!r} is {_kind_of(value)}, where {_kind_of(kinds[0])} belongs"
    )


def _is_record(value: tuple[Any, ...]) -> bool:
    """Whether a tuple is no list of types: a function, or a list of something else."""
    return isinstance(value, FunctionRef) or not all(isinstance(one, str) for one in value)


def _kind_of(value: Any) -> str:
    """In words, of a value or of a type of values."""
    kind = value if isinstance(value, type) else type(value)
    return next((words for base, words in _NAMES if issubclass(kind, base)), "a list")
