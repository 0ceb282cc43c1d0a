"""The values to try of what a predicate is computed from, few enough to try all, and exact.

A bool is tried as false and as true. A number that is only compared with constants is tried beside each of
them: between two of these no comparison changes. Numbers that are compared with each other are tried in so
many steps beside each constant that every order of them occurs. A text is tried as every constant text, and
as another.
"""

from __future__ import annotations

from math import ceil, floor, inf, isfinite, nextafter
from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.predicates.predicate import (
    BOOLEAN_OPS,
    COMPARISONS,
    COUNTS,
    HANDED_ON,
    operands,
    uniform,
)
from bninspect.graph.search import end as last_of
from bninspect.graph.trace import same
from bninspect.graphdef.dtypes import FLOATS, INTEGERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bninspect.batchnorm.wiring.predicates.predicate import Operand
    from bninspect.graph import Tensor

_MOST_LOGIC = 200
_MOST_TRIALS = 512

Trials = dict[str, tuple["Operand", ...]]
"""By the spelling of what is tried: its values, numbers ascending, a text that is no constant first."""


def trials(order: Sequence[Tensor], leaves: Mapping[Tensor, str]) -> Trials | None:
    """The values to try of the leaves, by their spellings; None where they would not be exact, or too many.

    `order` and the leaves are those of `predicate.logic`.
    """
    types = None if len(order) > _MOST_LOGIC else _types(order, leaves)
    compared = None if types is None else _compared(order, types, leaves)
    sums = _sums(order)
    if types is None or compared is None or sums is None:
        return None
    held = [value for tensor in order if (value := uniform(tensor)) is not None]
    numbers = {0.0, *(value for value in held if not isinstance(value, bytes) and isfinite(value))}
    numbers = {number + step for number in numbers for step in sums}
    texts = sorted({value for value in held if isinstance(value, bytes)})
    exact = len(sums) == 1 and not any(map(_truncates, order))
    found: Trials = {}
    count = 1
    for leaf, key in sorted(leaves.items(), key=lambda each: each[1]):
        values = _values(types[leaf], numbers, texts, max(len(compared), 1), exact)
        if key not in found:
            count *= len(values)
        if not values or count > _MOST_TRIALS or found.setdefault(key, values) != values:
            return None
    return found


def _values(
    dtype: str, numbers: Collection[float], texts: Sequence[bytes], steps: int, exact: bool
) -> tuple[Operand, ...]:
    """The values of one leaf; none where they would not be exact."""
    if dtype == "bool":
        return (0.0, 1.0)
    if dtype == "string":
        others = [other for at in range(steps + len(texts)) if (other := b"\0%d" % at) not in texts]
        return (*others[:steps], *texts)
    if dtype in INTEGERS:
        beside = {float(side) for number in numbers for side in (floor(number), ceil(number))}
        return tuple(sorted({number + step for number in beside for step in range(-steps, steps + 1)}))
    if dtype not in FLOATS or not exact:
        return ()
    near = set(numbers)
    for number in numbers:
        for end in (-inf, inf):
            place = number
            for _ in range(steps):
                place = nextafter(place, end)
                near.add(place)
    return tuple(sorted(near))


def _types(order: Sequence[Tensor], leaves: Collection[Tensor]) -> dict[Tensor, str]:
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


def _compared(
    order: Sequence[Tensor], types: Mapping[Tensor, str], leaves: Mapping[Tensor, str]
) -> set[str] | None:
    """The leaves that are compared with each other, all of one type; None where something else that is no
    boolean is compared with no constant.
    """
    found: dict[str, str] = {}
    for tensor in order:
        if tensor.node.op not in COMPARISONS or tensor in types:
            continue
        sides = [same(side) for side in tensor.node.inputs]
        if any(uniform(side) is not None for side in sides):
            continue
        ends = [_handed(side) for side in sides]
        if all(types.get(end, "bool" if end.node.op in BOOLEAN_OPS else "?") == "bool" for end in ends):
            continue
        if not all(end in types for end in ends):
            return None
        found.update((leaves[end], types[end]) for end in ends)
    return set(found) if len(set(found.values())) < 2 else None


def _handed(side: Tensor) -> Tensor:
    """What one side of a comparison hands on, as it is or in another type."""
    return last_of(side, lambda one: next(iter(operands(one)), None) if one.node.op in HANDED_ON else None)


def _sums(order: Sequence[Tensor]) -> set[float] | None:
    """By how much a number may be moved before it is compared; None where another number moves it."""
    found = {0.0}
    for tensor in order:
        if tensor.node.op in COUNTS:
            steps = [step for one in operands(tensor) if isinstance(step := uniform(one), float)]
            if not steps or len(found) > _MOST_TRIALS:
                return None
            found |= {sum_ + sign * step for sum_ in found for step in steps for sign in (1, -1)}
    return found


def _truncates(tensor: Tensor) -> bool:
    """Whether the tensor is a number cut off to a whole one."""
    return tensor.node.op == "Cast" and tensor.node.attr("DstT") in INTEGERS
