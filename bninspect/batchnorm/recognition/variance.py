"""Whether a number is like a variance: what tells a normalization that cannot be read from any other root.

Like a variance is a mean of squares, masked, weighted or clipped as may be; the batch variance of a fused op;
a stored vector; and what is chosen or blended of these. A sum of squares that nothing divides is the square
of a length (L2 norms, distances), and no variance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.functions.library import FUSED_OPS
from bninspect.graph.ops import VARIABLES
from bninspect.graph.search import reach
from bninspect.graph.trace import cast_free, content, is_scalar, same, scalar, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Node, Tensor

_SCALES = frozenset({"Mul", "RealDiv", "Div", "DivNoNan"})
_HANDS_ON = frozenset({
    "Add", "AddV2", "AddN", "Sub", "Neg", "Maximum", "Minimum", "ClipByValue", "Relu", "Abs", "Squeeze",
    "ExpandDims", "Reshape", "Cast", "Transpose", "BroadcastTo", "Tile", "GatherV2", "StridedSlice",
    "ConcatV2", "Pack", "Unpack", "Split", "NcclAllReduce", "CollectiveReduce", "CollectiveReduceV2",
    "CrossReplicaSum",
})  # fmt: skip
CLIPS = frozenset({"Maximum", "Minimum"})
_SINGLE_CLIPS = frozenset({"Relu", "Abs", "ClipByValue"})
"""Of one number, whatever else they read."""
_ALL_CLIPS = CLIPS | _SINGLE_CLIPS
_MOST_NODES = 200
_MOST_CLIPS = 8


def is_variance_like(tensor: Tensor, conditions: Conditions) -> bool:
    """Whether it is made of a mean of squares, or of stored vectors alone, by arithmetic and choices."""

    def before(place: tuple[Tensor, bool]) -> Iterator[tuple[Tensor, bool]]:
        tensor, scaled = place
        scaled = scaled or tensor.node.op in _SCALES
        return ((value(one), scaled) for one in _made_of(tensor, conditions) or ())

    stored = computed = False
    for current, scaled in reach([(value(tensor), False)], before, _MOST_NODES):
        node = current.node
        if node.op in FUSED_OPS and current.port in (2, 4):
            return True
        if is_parameter(current):
            stored = True
        elif _is_average(node, scaled):
            if _is_square(node.inputs[0]):
                return True
        elif _made_of(current, conditions) is None:
            computed = computed or not (node.op == "Const" or node.op.startswith("Placeholder"))
    return stored and not computed


def _is_average(node: Node, scaled: bool) -> bool:
    return node.op == "Mean" or (node.op == "Sum" and scaled)


def _made_of(tensor: Tensor, conditions: Conditions) -> tuple[Tensor, ...] | None:
    """What a variance-like tensor is chosen from, or made of by arithmetic that keeps it one; None where the
    way ends.
    """
    node = tensor.node
    join = conditions.join(node)
    if join is not None:
        return join.if_true, join.if_false
    return node.inputs if node.op in _HANDS_ON or node.op in _SCALES else None


def unclipped(tensor: Tensor) -> Tensor:
    """The variance at its source, before it is kept from being negative, too small or too large."""
    tensor = value(tensor)
    for _ in range(_MOST_CLIPS):
        node = tensor.node
        free = [one for one in node.inputs if not is_scalar(one)] if node.op in CLIPS else node.inputs[:1]
        if node.op not in _ALL_CLIPS or len(free) != 1:
            break
        tensor = value(free[0])
    return tensor


def is_parameter(tensor: Tensor) -> bool:
    """Whether it is a stored vector, be it of one channel (not a number, not data)."""
    node = value(tensor).node
    if node.op == "Const":
        held = content(node)
        return held is not None and held.shape != () and held.is_real
    return node.op in VARIABLES


def _is_square(tensor: Tensor) -> bool:
    """Whether something is squared here, be it weighted afterwards."""
    node = cast_free(tensor).node
    return is_squared(node) or (
        node.op == "Mul" and any(is_squared(cast_free(factor).node) for factor in node.inputs)
    )


def is_squared(node: Node) -> bool:
    """Whether the node is a square: of a difference, of a tensor, of a product of a tensor with itself."""
    if node.op in ("Square", "SquaredDifference"):
        return True
    if node.op not in ("Mul", "Pow"):
        return False
    first, second = node.inputs
    return same(first) == same(second) if node.op == "Mul" else scalar(second) == 2
