"""Predicates by value: what a boolean tensor is for every value of what it is computed from.

Two conditionals on one question often read two tensors: each tf.layers call makes its own LogicalNot, a
Select of vectors its own Fill, tf.case its own LogicalAnd. Their truth tables are equal where the tensors are
not.

A bool is tried as false and as true. A number that is only compared with constants is tried beside each of
them: between two of these no comparison changes, so the table is exact.
"""

from __future__ import annotations

from itertools import product
from math import ceil, floor, inf, isfinite, nextafter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bninspect.batchnorm.wiring.predicate import COMPARISONS, evaluate, logic, operands, uniform
from bninspect.graph.trace import same
from bninspect.graphdef.dtypes import FLOATS, INTEGERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from bninspect.graph import Tensor

_MOST_LOGIC = 200
_MOST_TRIALS = 512

Leaf = tuple["Tensor", tuple[float, ...]]
Trials = dict["Tensor", tuple[float, ...]]


class Truth(NamedTuple):
    """A truth table: the same for every spelling of one predicate, and for its negation."""

    leaves: tuple[Leaf, ...]
    """What the predicate depends on, with the values from which it may be another one, the first -inf."""
    table: tuple[bool, ...]
    """The predicate in the product of those ranges; the first entry is false."""


def truth(predicate: Tensor) -> tuple[Truth, bool] | None:
    """(the table, whether the predicate is its negation); None where no few values tell it all."""
    order, leaves = logic(predicate)
    trials = _trials(order, leaves)
    if trials is None:
        return None
    cells = [dict(zip(trials, trial, strict=True)) for trial in product(*trials.values())]
    values = np.array([bool(evaluate(order, cell)) for cell in cells])
    kept, table = _least(trials, values.reshape([len(tried) for tried in trials.values()]))
    negated = bool(table.flat[0])
    return Truth(kept, tuple(bool(value) != negated for value in table.flat)), negated


def possible(conditions: Iterable[tuple[Tensor, bool]]) -> bool:
    """Whether all of these predicates can have these values at once; true where that cannot be told."""
    wanted: dict[Tensor, bool] = {}
    for predicate, value in conditions:
        if wanted.setdefault(predicate, value) != value:
            return False
    logics = {predicate: logic(predicate) for predicate in wanted} if len(wanted) > 1 else {}
    shared = _shared([leaves for _, leaves in logics.values()])
    logics = {predicate: found for predicate, found in logics.items() if shared.intersection(found[1])}
    order = [tensor for found in logics.values() for tensor in found[0]]
    trials = _trials(order, list(dict.fromkeys(leaf for found in logics.values() for leaf in found[1])))
    if len(logics) < 2 or trials is None:
        return True
    for trial in product(*trials.values()):
        values = dict(zip(trials, trial, strict=True))
        if all(bool(evaluate(found[0], values)) == wanted[each] for each, found in logics.items()):
            return True
    return False


def _shared(groups: Sequence[Sequence[Tensor]]) -> set[Tensor]:
    """The leaves that more than one predicate depends on."""
    seen: set[Tensor] = set()
    shared: set[Tensor] = set()
    for leaves in groups:
        shared |= seen.intersection(leaves)
        seen.update(leaves)
    return shared


def _trials(order: Sequence[Tensor], leaves: Sequence[Tensor]) -> Trials | None:
    """The values to try of every leaf, ascending; None where they would not be exact, or too many."""
    if len(order) > _MOST_LOGIC:
        return None
    types = _types(order, leaves)
    numeric = any(dtype != "bool" for dtype in types.values())
    constants = {0.0}
    for tensor in order:
        if tensor.node.op in COMPARISONS and tensor not in types:
            numbers = [
                number for side in tensor.node.inputs[:2] if (number := uniform(same(side))) is not None
            ]
            if numeric and not numbers:
                return None
            constants.update(number for number in numbers if isfinite(number))
    truncates = any(tensor.node.op == "Cast" and tensor.node.attr("DstT") in INTEGERS for tensor in order)
    found: Trials = {}
    count = 1
    for leaf in sorted(leaves, key=lambda leaf: (leaf.node.name, leaf.port)):
        dtype = types[leaf]
        if dtype == "bool":
            found[leaf] = (0.0, 1.0)
        elif dtype in INTEGERS:
            beside = {float(side) for number in constants for side in (floor(number), ceil(number))}
            found[leaf] = tuple(sorted({number + step for number in beside for step in (-1, 0, 1)}))
        elif dtype in FLOATS and not truncates:
            beside = {nextafter(number, end) for number in constants for end in (-inf, inf)}
            found[leaf] = tuple(sorted(beside | constants))
        else:
            return None
        count *= len(found[leaf])
        if count > _MOST_TRIALS:
            return None
    return found


def _types(order: Sequence[Tensor], leaves: Sequence[Tensor]) -> dict[Tensor, str]:
    """The dtype of every leaf: what its node states, else what its readers take, else bool."""
    found = {leaf: str(leaf.node.attr("dtype", "")).removesuffix("_ref") for leaf in leaves}
    for tensor in order:
        if tensor in found:
            continue
        taken = tensor.node.attr("SrcT" if tensor.node.op == "Cast" else "T")
        for operand in operands(tensor):
            if not found.get(operand, "?"):
                found[operand] = str(taken or "bool")
    return {leaf: dtype or "bool" for leaf, dtype in found.items()}


def _least(trials: Trials, table: NDArray[np.bool_]) -> tuple[tuple[Leaf, ...], NDArray[np.bool_]]:
    """The table without values, and without leaves, that make no difference."""
    kept: list[Leaf] = []
    for axis, (leaf, values) in enumerate(trials.items()):
        along = np.moveaxis(table, axis, 0).reshape(len(values), -1)
        changes = [0, *(int(at) + 1 for at in np.flatnonzero((along[1:] != along[:-1]).any(axis=1)))]
        table = np.take(table, changes, axis=axis)
        if len(changes) > 1:
            kept.append((leaf, (-inf, *(values[at] for at in changes[1:]))))
    return tuple(kept), table
