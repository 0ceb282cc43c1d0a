"""Predicates by value: what a boolean tensor is for every value of what it is computed from.

Two conditionals on one question often read two tensors: each tf.layers call makes its own LogicalNot, a
Select of vectors its own Fill, tf.case its own LogicalAnd, an Estimator its own comparison of a text. Their
truth tables are equal where the tensors are not.
"""

from __future__ import annotations

from itertools import product
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bninspect.batchnorm.wiring.predicates.predicate import evaluate, logic
from bninspect.batchnorm.wiring.predicates.spelling import spelling
from bninspect.batchnorm.wiring.predicates.trials import trials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm.wiring.predicates.predicate import Operand
    from bninspect.batchnorm.wiring.predicates.trials import Trials
    from bninspect.graph import Tensor

Leaf = tuple[str, tuple["Operand", ...]]


class Truth(NamedTuple):
    """A truth table: the same for every spelling of one predicate, and for its negation."""

    leaves: tuple[Leaf, ...]
    """What the predicate depends on, by its spelling, with the values from which it may be another one, the
    first -inf; of a text the values for which it may be another one than for most, the first empty.
    """
    table: tuple[bool, ...]
    """The predicate in the product of those ranges; the first entry is false."""


def truth(predicate: Tensor) -> tuple[Truth, bool] | None:
    """(the table, whether the predicate is its negation); None where no few values tell it all."""
    order, leaves = logic(predicate)
    spelled = {leaf: spelling(leaf) for leaf in leaves}
    tried = trials(order, spelled)
    if tried is None:
        return None
    values = np.array([bool(evaluate(order, cell)) for cell in _cells(tried, spelled)])
    kept, table = _least(tried, values.reshape([len(each) for each in tried.values()]))
    negated = bool(table.flat[0])
    return Truth(kept, tuple(bool(value) != negated for value in table.flat)), negated


def possible(conditions: Iterable[tuple[Tensor, bool]]) -> bool:
    """Whether all of these predicates can have these values at once; true where that is not known."""
    wanted: dict[Tensor, bool] = {}
    for predicate, value in conditions:
        if wanted.setdefault(predicate, value) != value:
            return False
    logics = {predicate: logic(predicate) for predicate in wanted}
    spelled = {leaf: spelling(leaf) for _, leaves in logics.values() for leaf in leaves}
    shared = _shared([{spelled[leaf] for leaf in leaves} for _, leaves in logics.values()])
    logics = {
        predicate: found
        for predicate, found in logics.items()
        if not shared.isdisjoint(spelled[leaf] for leaf in found[1])
    }
    order = [tensor for found in logics.values() for tensor in found[0]]
    spelled = {leaf: spelled[leaf] for found in logics.values() for leaf in found[1]}
    tried = trials(order, spelled)
    return tried is None or any(
        all(bool(evaluate(found[0], cell)) == wanted[each] for each, found in logics.items())
        for cell in _cells(tried, spelled)
    )


def _shared(groups: Sequence[set[str]]) -> set[str]:
    """The leaves that more than one predicate depends on."""
    seen: set[str] = set()
    shared: set[str] = set()
    for leaves in groups:
        shared |= seen & leaves
        seen |= leaves
    return shared


def _cells(tried: Trials, spelled: Mapping[Tensor, str]) -> Iterator[dict[Tensor, Operand]]:
    """Every combination of values, leaf by leaf; those of one spelling have one value."""
    for trial in product(*tried.values()):
        values = dict(zip(tried, trial, strict=True))
        yield {leaf: values[key] for leaf, key in spelled.items()}


def _least(tried: Trials, table: NDArray[np.bool_]) -> tuple[tuple[Leaf, ...], NDArray[np.bool_]]:
    """The table without values, and without leaves, that make no difference."""
    kept: list[Leaf] = []
    for axis, (key, values) in enumerate(tried.items()):
        along = np.moveaxis(table, axis, 0).reshape(len(values), -1)
        is_text = isinstance(values[0], bytes)
        before = along[:1] if is_text else along[:-1]
        changes = [0, *(int(at) + 1 for at in np.flatnonzero((along[1:] != before).any(axis=1)))]
        table = np.take(table, changes, axis=axis)
        if len(changes) > 1:
            kept.append((key, (b"" if is_text else -inf, *(values[at] for at in changes[1:]))))
    return tuple(kept), table
