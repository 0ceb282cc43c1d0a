"""What an op takes: how many inputs at least, and of which kind an attribute is.

Held where a graph is built and where an attribute is read, so that nothing behind asks whether the inputs it
reads by position are there. TensorFlow refuses what breaks these, too. Source: tensorflow/core/ops/*.cc.
The normalizations themselves are not listed: one that is short of inputs is named as `unrecognised`.
"""

from __future__ import annotations

from typing import Any

from bninspect.errors import GraphDefError
from bninspect.graphdef.records import AttributePlaceholder, FunctionRef
from bninspect.graphdef.tensors import TensorValue

_ONE = (
    "Identity", "RefIdentity", "IdentityN", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot",
    "DeepCopy", "Print", "EnsureShape", "Enter", "RefEnter", "Exit", "RefExit", "NextIteration",
    "RefNextIteration", "LoopCond", "ReadVariableOp", "Merge", "RefMerge", "Squeeze", "Cast", "LogicalNot",
    "Neg", "Square", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Relu", "Abs", "AddN", "PlaceholderWithDefault",
    "Shape", "ZerosLike", "OnesLike",
)  # fmt: skip
_TWO = (
    "Switch", "RefSwitch", "Reshape", "ExpandDims", "BroadcastTo", "Tile", "Transpose", "Fill", "Add",
    "AddV2", "Sub", "Mul", "RealDiv", "Div", "DivNoNan", "SquaredDifference", "Maximum", "Minimum",
    "Pow", "BiasAdd", "Mean", "Sum", "LogicalAnd", "LogicalOr", "Equal", "NotEqual", "Greater",
    "GreaterEqual", "Less", "LessEqual", "Conv2D", "DepthwiseConv2dNative", "MatMul", "Assign",
    "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp",
    "ResourceGather", "ResourceGatherNd",
)  # fmt: skip
LEAST_INPUTS = {**dict.fromkeys(_ONE, 1), **dict.fromkeys(_TWO, 2), "Select": 3, "SelectV2": 3}
"""Op -> data inputs at least."""

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


def short_of_inputs(op: str, given: int, label: str) -> GraphDefError:
    """The error of a node with fewer data inputs than its op takes."""
    return GraphDefError(f"damaged: {op} {label!r} has {given} of its {LEAST_INPUTS[op]} inputs")


def of_its_kind(name: str, value: Any, owner: str) -> Any:
    """The value of an attribute. Raises GraphDefError where it is of another kind than its name has."""
    kinds = _KINDS.get(name)
    if kinds is None or value is None or isinstance(value, AttributePlaceholder):
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
