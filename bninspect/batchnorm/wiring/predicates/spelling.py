"""How a tensor is computed, as text: the same for two that do the same to the same tensors.

A library writes the question that each layer asks by nodes of its own: a step compared with one number, the
remainder of it, a text compared with another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.predicates.predicate import PREDICATE_OPS
from bninspect.graph.search import postorder
from bninspect.graph.trace import content, same

if TYPE_CHECKING:
    from bninspect.graph import Tensor

_ARITHMETIC = frozenset({
    "Mul", "Neg", "Abs", "Mod", "FloorMod", "TruncateMod", "Div", "RealDiv", "FloorDiv", "TruncateDiv",
    "Minimum", "Maximum", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
})  # fmt: skip
_COMPUTED = (PREDICATE_OPS | _ARITHMETIC) - {"AssignAdd", "AssignSub"}
"""Ops that give the same for the same; two that assign do not."""
_MOST_TENSORS = 1000
_MOST_VALUES = 64


def spelling(tensor: Tensor) -> str:
    """How the tensor is computed; of one that nothing tells of, its name."""
    met: set[Tensor] = set()

    def before(current: Tensor) -> list[Tensor]:
        met.add(current)
        return _operands(current) if len(met) < _MOST_TENSORS else []

    steps: dict[str, int] = {}
    places: dict[Tensor, int] = {}
    for current in postorder([same(tensor)], before):
        operands = _operands(current)
        if operands and all(operand in places for operand in operands):
            numbers = " ".join(str(places[operand]) for operand in operands)
            step = f"{current.node.op} {current.node.attr('DstT') or ''} {numbers}"
        else:
            step = _held(current)
        places[current] = steps.setdefault(step, len(steps))
    return "\n".join(steps)


def _operands(tensor: Tensor) -> list[Tensor]:
    node = tensor.node
    return [same(operand) for operand in node.inputs] if node.op in _COMPUTED and tensor.port == 0 else []


def _held(tensor: Tensor) -> str:
    """A constant by its values, all else by its name."""
    held = content(tensor.node)
    if held is None or not 0 < held.size <= _MOST_VALUES:
        return tensor.name
    return f"Const {held.dtype} {held.shape} {held.array().tolist()}"
