"""Where a tensor comes from: through the nodes that hand it on unchanged, or only reshape or cast it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError
from bninspect.graph import Tensor
from bninspect.graph.ops import CASTS, IDENTITIES, MERGES, NEXT_TURNS, RANK_CHANGES, RESHAPES, VARIABLES
from bninspect.graph.search import end, way
from bninspect.graphdef import TensorValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.graph import Node


def same(tensor: Tensor) -> Tensor:
    """The tensor this one is, before any node that hands it on (Identity, Switch, Enter, a read)."""
    return _through(tensor, IDENTITIES) if tensor.node.op in _MAY_BE_SAME else tensor


def value(tensor: Tensor) -> Tensor:
    """The source of a vector (parameters, statistics): as `same`, and through Reshape, Cast and the like."""
    return _through(tensor, _VALUE) if tensor.node.op in _MAY_BE_VALUE else tensor


def cast_free(tensor: Tensor) -> Tensor:
    """As `same`, and through Cast: what a float16 layer takes its moments of."""
    return _through(tensor, _CAST_FREE)


def shape_free(tensor: Tensor) -> Tensor:
    """As `same`, and through changes of shape: what a predicate is before it was made a scalar."""
    return _through(tensor, _SHAPE_FREE)


_SHAPE_FREE = IDENTITIES | RANK_CHANGES
_VALUE = IDENTITIES | RESHAPES
_CAST_FREE = IDENTITIES | CASTS


_LONGEST_TURN = 8
"""Nodes that hand a loop's variable on, in one turn."""
_CHOOSING_INPUTS = MERGES | {"IdentityN"}
"""Ops that may hand on another input than the first."""
_MAY_BE_SAME = IDENTITIES | _CHOOSING_INPUTS
_MAY_BE_VALUE = _VALUE | _CHOOSING_INPUTS
"""Ops of which alone `same` and `value` have to look further: most tensors come from no such op."""
_MOST_VALUES = 1 << 20
"""Of a constant that is looked into."""
_HOPS = 64
"""A way back longer than this is remembered, so that long chains do not cost their length squared."""


def _through(tensor: Tensor, ops: frozenset[str]) -> Tensor:
    for _ in range(_HOPS):
        node = tensor.node
        if node.op not in ops and node.op not in _CHOOSING_INPUTS:
            return tensor
        before = node.inputs[0] if node.op in ops else _before(tensor, ops)
        if before is None:
            return tensor
        tensor = before

    def step(current: Tensor) -> tuple[Tensor, bool] | None:
        before = _before(current, ops)
        return None if before is None else (before, False)

    return far(tensor, ops, step)[0]


def _before(tensor: Tensor, ops: frozenset[str]) -> Tensor | None:
    """The tensor that this one hands on, where its op is one of these; else None."""
    node = tensor.node
    if node.op in ops:
        return node.inputs[0]
    if node.op == "IdentityN":
        return node.inputs[tensor.port] if tensor.port < len(node.inputs) else None
    if node.op in MERGES and (start := _loop_start(node)) is not None and _is_invariant(node):
        return start
    return None


def far(
    tensor: Tensor, key: object, step: Callable[[Tensor], tuple[Tensor, bool] | None]
) -> tuple[Tensor, bool]:
    """(where the steps from a tensor end, whether they negate on the whole); a ring ends where it closes.

    Remembered at every tensor of the way under the key, which stands for `step`.
    """
    taken: dict[Tensor, tuple[Tensor, bool]] = {}

    def onward(passed: Tensor) -> Tensor | None:
        following = None if (key, passed.port) in passed.node.traced else step(passed)
        if following is None:
            return None
        taken[passed] = following
        return following[0]

    last = end(tensor, onward)
    if last in taken:  # a ring
        found = taken[last][0], False
    else:
        found = last.node.traced.get((key, last.port), (last, False))
    for passed, (_, negates) in reversed(taken.items()):
        target, negated = found
        found = (target, negated != negates)
        if not passed.node.traced:
            passed.node.traced = {}
        passed.node.traced[key, passed.port] = found
    return found


def _loop_start(merge: Node) -> Tensor | None:
    """What a loop variable starts from, where the Merge is one; else None."""
    if len(merge.inputs) != 2 or merge.inputs[1].node.op != "NextIteration":
        return None
    return merge.inputs[0]


def is_loop_variable(merge: Node) -> bool:
    """Whether a Merge belongs to a while loop rather than to a conditional."""
    return any(tensor.node.op in NEXT_TURNS for tensor in merge.inputs)


def _is_invariant(merge: Node) -> bool:
    """Whether a loop hands the variable on unchanged in every turn."""
    back = merge.inputs[1].node.inputs[0].node
    return merge in way(back, _handed_on, _LONGEST_TURN)


def _handed_on(node: Node) -> Node | None:
    """The node whose value this one hands on; None if it hands on none."""
    return node.inputs[0].node if node.op in IDENTITIES else None


def constant(tensor: Tensor) -> Any:
    """The value of a constant, through Identity and the like; None where it is none or unreadable."""
    found = content(value(tensor).node)
    if found is None or found.size > _MOST_VALUES or not found.is_real:
        return None
    return found.array()


def scalar(tensor: Tensor) -> float | None:
    """The value of a constant with exactly one element; None for anything else."""
    found = content(value(tensor).node)
    if found is None or found.size != 1 or not found.is_real:
        return None
    return float(found.array().item())


def integers(tensor: Tensor, most: int = 32) -> tuple[int, ...] | None:
    """The values of a constant of a few whole numbers, flat; None for anything else."""
    found = content(value(tensor).node)
    if found is None or found.size > most or found.dtype not in ("int32", "int64", "int16", "int8", "uint8"):
        return None
    return tuple(int(number) for number in found.array().flat)


def is_scalar(tensor: Tensor) -> bool:
    """Whether the tensor is a constant of one element."""
    found = content(value(tensor).node)
    return found is not None and found.size == 1


def content(node: Node) -> TensorValue | None:
    """The value of a Const; None for any other node, and for one without."""
    if node.op != "Const":
        return None
    if node.content is None:
        found = None if node.nodedef is None else node.nodedef.only("value")
        if not isinstance(found, TensorValue):
            found = node.attr("value")  # that of the call, in a function
        node.content = found if isinstance(found, TensorValue) else False
    return node.content or None


def stored_value(node: Node) -> TensorValue | None:
    """The value kept at a node: of a Const, or of a variable as its checkpoint has it; None where neither is
    known. Unlike `content`, not for what has to be the same whenever the model runs.
    """
    return node.stored if node.stored is not None else content(node)


def declared_shape(node: Node) -> tuple[int, ...] | None:
    """The attribute `shape`; None where it is absent, or of unknown rank."""
    found = node.attr("shape")
    return found if isinstance(found, tuple) and all(isinstance(size, int) for size in found) else None


def shape_of(node: Node) -> tuple[int, ...] | None:
    """The shape of a constant or a variable; None for any other node, and where a variable does not say."""
    held = stored_value(node)
    if held is not None:
        return held.shape
    return declared_shape(node) if node.op in VARIABLES else None


def number(node: Node, name: str, default: float | None) -> float | None:
    """A number among the attributes. Raises GraphDefError where it is there and is none."""
    found = node.attr(name, default)
    if found is None:
        return None
    if not isinstance(found, int | float):
        raise GraphDefError(f"damaged: attribute {name} of {node.label!r} is no number")
    return float(found)
