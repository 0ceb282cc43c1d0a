"""A choice by place: of tensors side by side one is picked, and a boolean as a number says which.

    y = stack([b, a])[cast(training)]        also  gather(stack([b, a]), 1 - cast(serving))

So the pick is what a Select of a and b is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.arithmetic.blend import Blend
from bninspect.graph.search import way
from bninspect.graph.trace import declared_shape, integers, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.batchnorm.wiring.arithmetic.blend import Weight
    from bninspect.graph import Node, Tensor

GATHERS = frozenset({"GatherV2", "Gather"})
PICKS = GATHERS | {"StridedSlice"}
"""Ops that may pick one of what stands side by side."""
SIDE_BY_SIDE = frozenset({"Pack", "ConcatV2"})
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask")
_MOST_OPERANDS = 64
_HOPS = 16


def picked(node: Node, weight: Callable[[Tensor], Weight | None]) -> Blend | None:
    """The choice that a pick is; None if its place is no boolean as a number, or it picks no whole side."""
    place = _place(node)
    if place is None:
        return None
    sides = _sides(same(node.inputs[0]))
    number = weight(place) if sides else None
    if number is None:
        return None
    predicate, *places = number
    if predicate is None or places[0] == places[1] or any(at not in range(len(sides)) for at in places):
        return None
    return Blend(predicate, sides[int(places[0])], sides[int(places[1])])


def _place(node: Node) -> Tensor | None:
    """The one place along axis 0 that is picked; None where it is not one, or along another axis."""
    inputs = node.inputs
    if node.op in GATHERS and len(inputs) >= 2:
        axis = integers(inputs[2]) if len(inputs) > 2 else (0,)
        return inputs[1] if axis == (0,) and not node.attr("batch_dims") and _is_scalar(inputs[1]) else None
    if node.op != "StridedSlice" or len(inputs) < 4 or node.attr("shrink_axis_mask") != 1:
        return None
    begin = same(inputs[1]).node
    alone = begin.op == "Pack" and len(begin.inputs) == 1 and not any(map(node.attr, _MASKS))
    return begin.inputs[0] if alone else None


def _sides(stacked: Tensor) -> tuple[Tensor, ...]:
    """What stands side by side along an axis of its own, the first; nothing where something else does."""
    node = stacked.node
    if node.op == "Pack" and not node.attr("axis") and len(node.inputs) <= _MOST_OPERANDS:
        return node.inputs
    rows = [same(row).node for row in node.inputs[:-1]] if node.op == "ConcatV2" else []
    apart = (
        2 <= len(rows) < _MOST_OPERANDS and all(map(_is_a_row, rows)) and integers(node.inputs[-1]) == (0,)
    )
    return tuple(row.inputs[0] for row in rows) if apart else ()


def _is_a_row(node: Node) -> bool:
    """Whether it gives its input a first axis of its own."""
    return node.op == "ExpandDims" and integers(node.inputs[1]) == (0,)


def _is_scalar(place: Tensor) -> bool:
    """Whether a computed number is one number, as far as the file tells: another picks several sides."""

    def before(tensor: Tensor) -> Tensor | None:
        node = tensor.node
        computed = [one for one in node.inputs if same(one).node.op != "Const"]
        return same(computed[0]) if node.op not in ("Reshape", "ExpandDims") and computed else None

    for tensor in way(same(place), before, _HOPS):
        node = tensor.node
        widened = node.op == "Reshape" and integers(node.inputs[1]) != ()
        declared = declared_shape(node) if node.op.startswith("Placeholder") else None
        if widened or declared or node.op == "ExpandDims":
            return False
    return True
