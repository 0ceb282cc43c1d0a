"""A boolean tensor -> the one tensor that decides it, its default, and its truth table.

The way back goes through Identity, Switch, Cast, Fill, Tile, Any, All, LogicalNot, LogicalAnd, LogicalOr and
comparisons with constants. Where exactly one fed or stored tensor is left, the predicate is evaluated for
both its values: a negation is a fact about the table, not about names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from operator import add, ge, gt, le, lt, sub
from typing import TYPE_CHECKING

from bninspect.batchnorm.switch import Predicate
from bninspect.graph.ops import PLACEHOLDERS, VARIABLES
from bninspect.graph.search import postorder, producers, reach
from bninspect.graph.trace import constant, content, far, same, shape_free
from bninspect.graphdef.dtypes import INTEGERS
from bninspect.text import first_few, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bninspect.graph import Node, Tensor

_THROUGH = frozenset({"Cast", "Reshape", "Squeeze", "ExpandDims", "Tile", "BroadcastTo", "Any", "All"})
HANDED_ON = _THROUGH | {"Fill"}
"""Ops that hand a value on, in another type or shape."""
_OF_ALL = frozenset({"Any", "All"})
_SPREADING = frozenset({"Fill", "Tile", "BroadcastTo"})
"""Ops that make many values of one."""
COMPARISONS = frozenset({"Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"})
_EQUALITY = frozenset({"Equal", "NotEqual"})
BOOLEAN_OPS = COMPARISONS | _OF_ALL | {"LogicalNot", "LogicalAnd", "LogicalOr"}
"""Ops that give booleans."""
_ARITY = dict.fromkeys(_THROUGH | {"LogicalNot"}, 1)
COUNTS = frozenset({"AssignAdd", "AssignSub", "Add", "AddV2", "Sub"})
"""What a step is read through where reading it counts it: an update gives the number after."""
_ARITY |= dict.fromkeys(COMPARISONS | COUNTS | {"LogicalAnd", "LogicalOr", "Fill"}, 2)
PREDICATE_OPS = frozenset(_ARITY)
"""Ops that a predicate is computed with."""
_DEFAULTED = "PlaceholderWithDefault"
_HOPS = 64
_MOST_LOGIC = 1000

Value = bool | int | float
Operand = float | bytes
"""What a predicate is computed from: a number, a boolean as one, a text."""


def base(predicate: Tensor) -> tuple[Tensor, bool]:
    """(the tensor behind Identity, Switch, Reshape and LogicalNot, whether it is negated on the way)."""
    negated = False
    for _ in range(_HOPS):
        predicate = shape_free(predicate)
        before = _negation(predicate)
        if before is None:
            return predicate, negated
        negated = not negated
        predicate = before[0]
    end, rest = far(predicate, "base", _negation)
    return end, negated ^ rest


def asked(predicate: Tensor) -> Tensor:
    """What gives a predicate its value, as one boolean: before negations, and before it was made many."""
    for _ in range(_HOPS):
        predicate = base(predicate)[0]
        before = operands(predicate) if predicate.node.op in _SPREADING | _OF_ALL else []
        if not before:
            break
        predicate = before[0]
    return predicate


def _negation(tensor: Tensor) -> tuple[Tensor, bool] | None:
    """(what the tensor negates, True); None where it negates nothing."""
    tensor = shape_free(tensor)
    if tensor.node.op != "LogicalNot":
        return None
    return shape_free(tensor.node.inputs[0]), True


def analyse(tensor: Tensor) -> Predicate:
    """What decides the predicate: a constant, one source, or (with the reason) neither."""
    order, leaves = logic(tensor)
    if not leaves:
        return _predicate(tensor, constant=bool(evaluate(order, {})))
    if len(leaves) > 1:
        names = first_few([leaf.name for leaf in leaves])
        return _predicate(tensor, reason=f"computed from several: {names}")
    (leaf,) = leaves
    reason = _not_a_source(leaf)
    if reason is not None:
        return _predicate(tensor, reason=reason)
    no, yes = bool(evaluate(order, {leaf: 0})), bool(evaluate(order, {leaf: 1}))
    if no == yes:
        if _dtype(leaf) != "bool":
            return _predicate(tensor, reason=f"a number, {leaf.name}, is compared with another than 0 and 1")
        return _predicate(tensor, constant=yes)
    found = _predicate(tensor)
    return replace(found, source=leaf, default=_default(leaf), true_when=yes, unfed=_unfed(tensor))


def _predicate(tensor: Tensor, constant: bool | None = None, reason: str | None = None) -> Predicate:
    """A predicate without a source."""
    behind, negated = base(tensor)
    return Predicate(
        tensor=tensor,
        behind=behind,
        negated=negated,
        source=None,
        constant=constant,
        default=None,
        true_when=None,
        reason=reason,
    )


def logic(tensor: Tensor, *, unfed: bool = False) -> tuple[list[Tensor], list[Tensor]]:
    """(all that the predicate is computed from, operands first and itself last; those that are not computed).

    `unfed` goes on behind a PlaceholderWithDefault, to what gives its default. A tensor that depends on
    itself, or stands behind more logic than anybody writes, counts as not computed.
    """
    order: dict[Tensor, None] = {}
    leaves: dict[Tensor, None] = {}
    met: set[Tensor] = set()

    def before(current: Tensor) -> list[Tensor]:
        met.add(current)
        if uniform(current) is not None:
            return []
        found = operands(current, unfed=unfed) if len(met) < _MOST_LOGIC else []
        again = (operand for operand in reversed(found) if operand in met and operand not in order)
        leaves.update(dict.fromkeys(again if found else [current]))
        return found

    for current in postorder([same(tensor)], before):
        order[current] = None
    return list(order), list(leaves)


def operands(tensor: Tensor, *, unfed: bool = False) -> list[Tensor]:
    """What a boolean or a comparison is computed from; nothing where it is no logic."""
    node = tensor.node
    if unfed and node.op == _DEFAULTED:
        return [same(node.inputs[0])]
    if node.op not in _ARITY or len(node.inputs) < _ARITY[node.op]:
        return []
    if node.op in _OF_ALL and same(node.inputs[0]).node.op not in _SPREADING:
        return []  # of values that may differ they say different things
    if node.op == "LogicalNot":
        return [base(tensor)[0]]
    if node.op == "Fill":
        return [same(node.inputs[1])]  # the other input is the shape: a Select may want one value per channel
    return [same(operand) for operand in node.inputs[: _ARITY[node.op]]]


def uniform(tensor: Tensor) -> Operand | None:
    """The one value that all elements of a constant have (a vector may be what a predicate is broadcast
    with); None for anything else.
    """
    held_ = content(tensor.node)
    if held_ is not None and held_.dtype == "string" and held_.size == 1:
        return bytes(held_.array().item())
    held = constant(tensor) if held_ is not None else None
    if held is None or not held.size or (held != held.flat[0]).any():
        return None
    return float(held.flat[0])


def _not_a_source(leaf: Tensor) -> str | None:
    """Why the one tensor left is nothing that a caller or a file sets to true or false; None where it is."""
    op = leaf.node.op
    if not op.startswith("Placeholder") and op not in VARIABLES:
        return f"computed by {op} {leaf.node.label}{_from(leaf.node)}"
    dtype = _dtype(leaf)
    if dtype == "bool" or (op.startswith("Placeholder") and dtype in INTEGERS):
        return None
    if dtype == "string":
        return f"a text, {leaf.name}, is compared"
    return f"computed from a number, {leaf.name} ({dtype})"


def _from(node: Node) -> str:
    """` from image:0`: the placeholders that a node is computed from; empty if there are none, or if too much
    stands before it.
    """
    before = list(reach([node], producers, _MOST_LOGIC))
    fed = [one.output().name for one in before if one.op in PLACEHOLDERS]
    return f" from {listed(fed)}" if fed and len(before) < _MOST_LOGIC else ""


def _dtype(leaf: Tensor) -> str:
    return str(leaf.node.attr("dtype", "?")).removesuffix("_ref")


def _default(leaf: Tensor) -> Value | None:
    """The default of a PlaceholderWithDefault, in its own type; None where there is none that can be read."""
    order, leaves = logic(leaf, unfed=True)
    default = None if leaves else evaluate(order, {})
    if default is None or isinstance(default, bytes) or not isfinite(default):
        return None
    return bool(default) if _dtype(leaf) == "bool" else int(default)


def _unfed(tensor: Tensor) -> bool | None:
    """The predicate when nothing is fed; None where something has to be, or a default is not known."""
    order, leaves = logic(tensor, unfed=True)
    found = None if leaves else evaluate(order, {})
    return None if found is None or isinstance(found, bytes) else bool(found)


def evaluate(order: Sequence[Tensor], leaves: Mapping[Tensor, Operand]) -> Operand:
    """The last of these tensors (see `logic`) for given leaves; every constant among them is one value."""
    values: dict[Tensor, Operand] = dict(leaves)
    for tensor in order:
        if tensor not in values:
            held = uniform(tensor)
            given = [values[operand] for operand in operands(tensor, unfed=True)]
            values[tensor] = apply(tensor, given) if held is None else held
    return values[order[-1]]


def _cast(number: float, dtype: object) -> float:
    if dtype == "bool":
        return float(bool(number))
    return float(int(number)) if dtype in INTEGERS and isfinite(number) else number


_OF_TWO: dict[str, Callable[[float, float], float]] = {
    "LogicalAnd": lambda a, b: bool(a and b),
    "LogicalOr": lambda a, b: bool(a or b),
    "Greater": gt,
    "GreaterEqual": ge,
    "Less": lt,
    "LessEqual": le,
    **dict.fromkeys(("AssignAdd", "Add", "AddV2"), add),
    **dict.fromkeys(("AssignSub", "Sub"), sub),
}


def apply(tensor: Tensor, operands: Sequence[Operand]) -> Operand:
    """What an op of the logic makes of the values of its operands."""
    node = tensor.node
    if node.op in _EQUALITY:
        return (operands[0] == operands[1]) == (node.op == "Equal")
    numbers = [one for one in operands if not isinstance(one, bytes)]
    if node.op in (_DEFAULTED, "Fill") or not numbers:
        return operands[0]
    if node.op in _THROUGH:
        return _cast(numbers[0], node.attr("DstT"))
    if node.op == "LogicalNot":
        return bool(numbers[0]) != base(tensor)[1]  # any number of negations in a row
    return _OF_TWO[node.op](numbers[0], numbers[-1])
