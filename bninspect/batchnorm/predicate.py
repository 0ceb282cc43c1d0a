"""A boolean tensor -> the one tensor that decides it, its default, and its truth table.

The way back goes through Identity, Switch, Cast, LogicalNot, LogicalAnd, LogicalOr and comparisons with
constants. Where exactly one fed or stored tensor is left, the predicate is evaluated for both its values: a
negation is a fact about the table, not about names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Predicate
from bninspect.batchnorm.trace import VARIABLES, same, scalar, shape_free

if TYPE_CHECKING:
    from bninspect.graphdef import Tensor

_THROUGH = frozenset({"Cast", "Reshape", "Squeeze", "ExpandDims"})
_COMPARISONS = frozenset({"Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"})
_LOGIC = frozenset({"LogicalNot", "LogicalAnd", "LogicalOr"}) | _COMPARISONS
_INTEGERS = frozenset({"bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"})
_DEEPEST = 64

Value = bool | int | float


def base(predicate: Tensor) -> tuple[Tensor, bool]:
    """(the tensor behind Identity, Switch, Reshape and LogicalNot, whether it is negated on the way)."""
    negated = False
    while True:
        predicate = shape_free(predicate)
        if predicate.node.op != "LogicalNot" or not predicate.node.inputs:
            return predicate, negated
        negated = not negated
        predicate = predicate.node.inputs[0]


def analyse(tensor: Tensor) -> Predicate:
    """What decides the predicate: a constant, one source, or (with the reason) neither."""
    leaves: dict[Tensor, None] = {}
    _leaves(tensor, leaves, 0)
    if not leaves:
        return Predicate(
            tensor=tensor,
            behind=base(tensor)[0],
            source=None,
            constant=bool(_evaluate(tensor, {})),
            default=None,
            true_when=None,
        )
    if len(leaves) > 1:
        names = ", ".join(leaf.name for leaf in leaves)
        return _computed(tensor, f"computed from several: {names}")
    (leaf,) = leaves
    reason = _not_a_source(leaf)
    if reason is not None:
        return _computed(tensor, reason)
    no, yes = bool(_evaluate(tensor, {leaf: 0})), bool(_evaluate(tensor, {leaf: 1}))
    if no == yes:
        if _dtype(leaf) != "bool":
            return _computed(tensor, f"a number, {leaf.name}, is compared with another than 0 and 1")
        return Predicate(
            tensor=tensor, behind=base(tensor)[0], source=None, constant=yes, default=None, true_when=None
        )
    return Predicate(
        tensor=tensor,
        behind=base(tensor)[0],
        source=leaf,
        constant=None,
        default=_default(leaf),
        true_when=yes,
    )


def _computed(tensor: Tensor, reason: str) -> Predicate:
    return Predicate(
        tensor=tensor,
        behind=base(tensor)[0],
        source=None,
        constant=None,
        default=None,
        true_when=None,
        reason=reason,
    )


def _leaves(tensor: Tensor, found: dict[Tensor, None], depth: int) -> None:
    """Collect the tensors that are not constants and not logic."""
    tensor = same(tensor)
    node = tensor.node
    if node.op == "Const" and scalar(tensor) is not None:
        return
    if depth < _DEEPEST and (node.op in _THROUGH or node.op in _LOGIC) and node.inputs:
        operands = node.inputs[:1] if node.op in _THROUGH else node.inputs
        for operand in operands:
            _leaves(operand, found, depth + 1)
        return
    found[tensor] = None


def _not_a_source(leaf: Tensor) -> str | None:
    """Why the one tensor left is nothing that a caller or a file sets to true or false; None where it is."""
    op = leaf.node.op
    if not op.startswith("Placeholder") and op not in VARIABLES:
        return f"computed by {op} {leaf.node.label}"
    dtype = _dtype(leaf)
    if dtype == "bool" or (op.startswith("Placeholder") and dtype in _INTEGERS):
        return None
    return f"computed from a number, {leaf.name} ({dtype})"


def _dtype(leaf: Tensor) -> str:
    return str(leaf.node.attr("dtype", "?")).removesuffix("_ref")


def _default(leaf: Tensor) -> Value | None:
    """The default of a PlaceholderWithDefault, in its own type; None where there is none that can be read."""
    if leaf.node.op != "PlaceholderWithDefault" or not leaf.node.inputs:
        return None
    default = scalar(leaf.node.inputs[0])
    if default is None:
        return None
    return bool(default) if _dtype(leaf) == "bool" else int(default)


def _evaluate(tensor: Tensor, values: dict[Tensor, int]) -> float:
    """The predicate for given leaves; every constant below it is one number (`_leaves` has seen to that)."""
    tensor = same(tensor)
    if tensor in values:
        return values[tensor]
    node = tensor.node
    if node.op == "Const":
        return scalar(tensor) or 0.0
    if node.op in _THROUGH:
        operand = _evaluate(node.inputs[0], values)
        return float(bool(operand)) if node.attr("DstT") == "bool" else operand
    operands = [_evaluate(operand, values) for operand in node.inputs]
    return float(_apply(node.op, operands))


def _apply(op: str, operands: list[float]) -> bool:
    if op == "LogicalNot":
        return not operands[0]
    a, b = operands[0], operands[-1]
    table = {
        "LogicalAnd": bool(a and b),
        "LogicalOr": bool(a or b),
        "Equal": a == b,
        "NotEqual": a != b,
        "Greater": a > b,
        "GreaterEqual": a >= b,
        "Less": a < b,
        "LessEqual": a <= b,
    }
    return table[op]
