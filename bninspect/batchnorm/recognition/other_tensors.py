"""Which arithmetic makes another tensor of x, so that the moments of what it gives are not those of x.

A part of x, a function that is not linear, a multiple, x moved by a constant. The last two may be undone
behind the reduction: mean = Mean(x - shift) + shift is a moment of x, and so is Sum(x / n).
"""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING

from bninspect.batchnorm.recognition.variance import is_parameter, is_squared
from bninspect.graph.trace import integers, is_scalar, same, scalar, value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.graph import Node, Tensor

_NONLINEAR = frozenset({"Maximum", "Minimum", "Relu", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Abs"})
"""Less squares, of which variances are taken."""
_ADDS = frozenset({"Add", "AddV2", "AddN"})
_SHIFTS = _ADDS | {"Sub"}
_DIVISIONS = frozenset({"RealDiv", "Div", "DivNoNan"})
_SCALES = _DIVISIONS | {"Mul"}
_PARTS = frozenset({"StridedSlice", "Slice", "Gather", "GatherV2"})
PICKS = frozenset({"Gather", "GatherV2"})
"""Ops that put channels in another place, or leave some out."""
SPLITS = frozenset({"Split", "SplitV", "Unpack"})
_CLOSE = 1e-5
"""Relative: constants of float32, one of them the inverse or the square of the other."""

Operands = frozenset["Tensor | float"]


def gives_another(node: Node, reduction: Node, behind: Operands, *, squared: bool) -> bool:
    """Whether a reduction of what the node gives is no moment of what it is given.

    `behind` are the operands behind the reduction; `squared` says whether there is a square on the way.
    """
    if node.op in _PARTS:
        return not _takes_all(node)
    if node.op == "Pow":
        return scalar(node.inputs[1]) not in (1, 2)
    if node.op in _SHIFTS or node.op == "Neg":
        return not squared and _moves(node, behind)
    if node.op in _SCALES:
        return _scales(node, reduction, behind, squared=squared)
    return node.op in _NONLINEAR


def is_a_square(node: Node) -> bool:
    """Whether the node multiplies what is computed with what is computed."""
    return is_squared(node) or (node.op == "Mul" and not any(_is_kept(tensor) for tensor in node.inputs))


def operands(node: Node) -> Operands:
    """The numbers and stored vectors that an op of arithmetic adds or multiplies; -1 of a negation."""
    if node.op == "Neg":
        return frozenset({-1.0})
    if node.op not in _SHIFTS | _SCALES:
        return frozenset()
    return frozenset(_operand(tensor) for tensor in node.inputs if _is_kept(tensor))


def lost_parts(ports: Iterable[tuple[Node, set[int]]]) -> Node | None:
    """The op that splits something of which not all parts were reached; None if there is none."""
    for node, reached in ports:
        count = node.attr("num" if node.op == "Unpack" else "num_split")
        if isinstance(count, int) and len(reached) < count:
            return node
    return None


def _is_kept(tensor: Tensor) -> bool:
    return is_scalar(tensor) or is_parameter(tensor)


def _operand(tensor: Tensor) -> Tensor | float:
    number = scalar(tensor)
    return value(tensor) if number is None else number


def _takes_all(node: Node) -> bool:
    """Whether a StridedSlice takes every place of every axis that it names, and adds or drops none."""
    if node.op != "StridedSlice" or len(node.inputs) < 4:
        return False
    strides = integers(node.inputs[3])
    masks = [node.attr(f"{name}_mask", 0) for name in ("begin", "end", "ellipsis")]
    if strides is None or set(strides) - {1} or not all(isinstance(mask, int) for mask in masks):
        return False
    begin, end, ellipsis = (mask if isinstance(mask, int) else 0 for mask in masks)
    whole = (begin & end) | ellipsis
    return all(whole >> place & 1 for place in range(len(strides))) and not node.attr("shrink_axis_mask", 0)


def _moves(node: Node, behind: Operands) -> bool:
    """Whether a shift or a negation is not undone behind the reduction."""
    if node.op == "Neg":
        return -1.0 not in behind
    kept = [tensor for tensor in node.inputs if _is_kept(tensor)]
    if node.op == "Sub" and kept and kept[0] is node.inputs[0]:
        return True  # what is taken off something is negated, too
    if not kept:
        return node.op in _ADDS and len({same(tensor) for tensor in node.inputs}) < len(node.inputs)
    return not all(_operand(tensor) in behind or scalar(tensor) == 0 for tensor in kept)


def _scales(node: Node, reduction: Node, behind: Operands, *, squared: bool) -> bool:
    """Whether a multiple is taken that is not undone; that a sum is of multiples makes it a mean, and a
    multiple of squares is one of the variance, as behind the reduction.
    """
    first, second = node.inputs[:2]
    if node.op in _DIVISIONS and is_scalar(first):
        return True
    number, scaled = (scalar(second), first) if is_scalar(second) else (scalar(first), second)
    if number == -1:
        return not squared and -1.0 not in behind
    if number in (None, 0, 1) or reduction.op != "Mean" or is_a_square(same(scaled).node):
        return False
    undone = (number, 1 / number, number * number, 1 / (number * number))
    numbers = [one for one in behind if isinstance(one, float)]
    return not any(isclose(one, other, rel_tol=_CLOSE) for one in numbers for other in undone)
