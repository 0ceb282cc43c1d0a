"""The types of tensors by what the nodes say of themselves: which an op takes, and which it gives.

TensorFlow declares this of every op; here are the ops that a model with batch norm is made of. Of any other
op, and of an attribute that is not written, nothing is said. Source: the REGISTER_OP declarations in
tensorflow/core/ops/{math,nn,array,control_flow,state}_ops.cc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.functions.ports import outputs_of
from bninspect.graph.ops import MERGES, PLACEHOLDERS

if TYPE_CHECKING:
    from bninspect.graph.graph import Node
    from bninspect.graphdef import NodeDef

_OF_ONE_TYPE = """
    Add AddV2 AddN Sub Mul Div RealDiv FloorDiv Maximum Minimum SquaredDifference Pow BiasAdd BiasAddV1 Neg
    Exp Log Log1p Abs Sign Reciprocal Inv Sqrt Rsqrt Square Relu Relu6 Elu Selu LeakyRelu Sigmoid Tanh
    Softplus Softsign Softmax LogSoftmax MatMul BatchMatMul BatchMatMulV2 Conv2D Conv3D DepthwiseConv2dNative
    MaxPool AvgPool MaxPool3D AvgPool3D LRN Identity StopGradient PreventGradient Snapshot ZerosLike OnesLike
    BatchNormWithGlobalNormalization FusedBatchNorm
"""
_ALIKE = frozenset(_OF_ONE_TYPE.split())
"""Ops whose every input and output is of the type T."""
_OF_ONE_TYPE_FIRST = """
    Mean Sum Max Min Prod Reshape ExpandDims Squeeze Transpose Pad PadV2 MirrorPad Tile Slice StridedSlice
    SpaceToBatchND BatchToSpaceND SpaceToDepth DepthToSpace Switch
"""
_FIRST = frozenset(_OF_ONE_TYPE_FIRST.split())
"""Ops that take T first, whatever comes after it, and give T."""
_OF_ONE_TYPE_GIVEN = """
    ConcatV2 Pack Unpack Split SplitV Fill BroadcastTo EnsureShape CheckNumerics ReverseV2 Cumsum
    ResizeNearestNeighbor Conv2DBackpropInput Conv3DBackpropInputV2 Select SelectV2 Enter Exit NextIteration
"""
_GIVE = frozenset(_OF_ONE_TYPE_GIVEN.split())
"""Ops that give T; nothing is said of what they take."""
_GIVE_T = _ALIKE | _FIRST | _GIVE
_FUSED = frozenset({"FusedBatchNormV2", "FusedBatchNormV3"})
"""x and y are of the type T, the four parameters and statistics of U."""
_TESTS = frozenset({"Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual"})
_SOURCES = frozenset({"Const", *PLACEHOLDERS, "Variable", "VariableV2", "ReadVariableOp"})


_SEVERAL = frozenset({"Switch", "Unpack", "Split", "SplitV", "FusedBatchNorm"})
_GIVE_ONE = (_GIVE_T | _SOURCES | _TESTS | {"LogicalNot", "LogicalAnd", "LogicalOr", "Cast"}) - _SEVERAL


def gives(node: Node, port: int) -> bool:
    """Whether a node has an output of this number, as far as its op tells."""
    return port < (1 if node.op in _GIVE_ONE else outputs_of(node.op) or port + 1)


def given_type(node: Node | NodeDef, port: int) -> str | None:
    """The type of an output as its node declares it (`float`, `half`); None if it is not known."""
    if node.op in _FUSED:
        return _attr(node, "U" if port else "T")
    if node.op in _GIVE_T or (node.op in MERGES and port == 0):
        return _attr(node, "T")
    if node.op in _SOURCES:
        return _attr(node, "dtype")
    if node.op in _TESTS or node.op in ("LogicalNot", "LogicalAnd", "LogicalOr"):
        return "bool"
    if node.op in ("Shape", "Size"):
        return _attr(node, "out_type")
    return _attr(node, "DstT") if node.op == "Cast" else None


def taken_type(node: Node, slot: int) -> tuple[str, str] | None:
    """(attribute that declares it, type) that an op takes at an input; None if it is not known."""
    name = None
    if node.op in _ALIKE or node.op in _TESTS or (node.op in _FIRST and slot == 0):
        name = "T"
    elif node.op in _FUSED and slot < 5:
        name = "U" if slot else "T"
    elif node.op == "Cast":
        name = "SrcT"
    taken = None if name is None else _attr(node, name)
    return None if name is None or taken is None else (name, taken)


def _attr(node: Node | NodeDef, name: str) -> str | None:
    """A type among the attributes of a node; a reference to a variable counts as its value."""
    value = node.attr(name)
    return value.removesuffix("_ref") if isinstance(value, str) else None
