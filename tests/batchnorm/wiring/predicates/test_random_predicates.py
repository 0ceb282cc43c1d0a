"""Predicates drawn at random, two at a time: those that pass for one have one value, whatever is fed.

The oracle is Python, which computes both for every value of a grid that is wider than any constant in them.
"""

from __future__ import annotations

import operator
import random
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.predicates.truth import truth
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "Less": operator.lt,
    "LessEqual": operator.le,
    "Greater": operator.gt,
    "GreaterEqual": operator.ge,
    "Equal": operator.eq,
    "NotEqual": operator.ne,
}
_MIRRORED = {"Less": "Greater", "LessEqual": "GreaterEqual", "Equal": "Equal", "NotEqual": "NotEqual"}
_MIRRORED |= {other: one for one, other in _MIRRORED.items()}
_OPPOSITE = {"Less": "GreaterEqual", "LessEqual": "Greater", "Equal": "NotEqual"}
_OPPOSITE |= {other: one for one, other in _OPPOSITE.items()}
_WHOLE, _REAL = list(range(-7, 8)), [number / 2 for number in range(-11, 12)]
GRID: dict[str, list[Any]] = {
    "m": _WHOLE, "n": _WHOLE, "s": _REAL, "t": _REAL, "u": list("abcd"), "v": list("abcd"),
    "p": [False, True], "q": [False, True],
}  # fmt: skip
LEAVES = "".join(
    f"{name} = Placeholder(dtype={dtype}, shape=[])\n"
    for names, dtype in (("mn", "int32"), ("st", "float"), ("uv", "string"), ("pq", "bool"))
    for name in names
)


class Asked(NamedTuple):
    """A predicate: its lines, the name of the last, what it reads, what Python makes of that."""

    lines: str
    name: str
    leaves: frozenset[str]
    value: Callable[[Mapping[str, Any]], bool]


def comparison(draw: random.Random, at: str) -> tuple[Asked, Asked]:
    """A comparison, and the same mirrored or denied."""
    pair = draw.choice(["mn", "mn", "st", "uv"])
    first, second = draw.sample(pair, 2)
    op = draw.choice(["Equal", "NotEqual"] if pair == "uv" else list(_OPS))
    moved = draw.choice([0, 0, 1, -2]) if pair == "mn" else 0
    lines, left, leaves = "", first, {first}
    if moved:
        lines, left = f"{at}d = Const({moved})\n{at}l = Add({first}, {at}d)\n", f"{at}l"
    if draw.random() < 0.4 and not moved:
        right, leaves = second, {first, second}
    else:
        constant = draw.choice("ab") if pair == "uv" else draw.randint(-2, 2)
        written = f'"{constant}"' if pair == "uv" else str(float(constant) if pair == "st" else constant)
        lines, right = lines + f"{at}c = Const({written})\n", f"{at}c"

    def value(given: Mapping[str, Any]) -> bool:
        one = given[first] + moved if moved else given[first]
        return _OPS[op](one, given[second] if right == second else constant)

    own = Asked(f"{lines}{at} = {op}({left}, {right})\n", at, frozenset(leaves), value)
    again = f"{at}m = {_MIRRORED[op]}({right}, {left})\n"
    if draw.random() < 0.5:
        again = f"{at}o = {_OPPOSITE[op]}({left}, {right})\n{at}m = LogicalNot({at}o)\n"
    return own, own._replace(lines=lines + again, name=f"{at}m")


def predicate(draw: random.Random, at: str) -> tuple[Asked, Asked]:
    """One or two comparisons, or a bool with one; and the same in other words."""
    if draw.random() < 0.4:
        return comparison(draw, at)
    parts = comparison(draw, f"{at}x"), comparison(draw, f"{at}y")
    if draw.random() < 0.3:
        name = draw.choice("pq")
        alone = Asked("", name, frozenset(name), lambda given: bool(given[name]))
        parts = parts[0], (alone, alone)
    op = draw.choice(["LogicalAnd", "LogicalOr"])
    both = all if op == "LogicalAnd" else any

    def joined(one: Asked, other: Asked, name: str) -> Asked:
        lines = f"{one.lines}{other.lines}{name} = {op}({one.name}, {other.name})\n"
        return Asked(
            lines,
            name,
            one.leaves | other.leaves,
            lambda given: both((one.value(given), other.value(given))),
        )

    return joined(parts[0][0], parts[1][0], at), joined(parts[1][1], parts[0][1], f"{at}m")


def without_doubles(*texts: str) -> str:
    """The lines of these texts, each once."""
    return "".join(dict.fromkeys(line for text in texts for line in text.splitlines(keepends=True)))


@pytest.mark.parametrize("seed", range(4))
def test_what_passes_for_one_predicate_is_one(seed: int) -> None:
    draw = random.Random(seed)
    every = [predicate(draw, f"a{number}_")[0] for number in range(150)]
    nodes = graph(LEAVES + without_doubles(*(each.lines for each in every)))
    conditions = Conditions(nodes)
    alike: dict[Any, list[tuple[Asked, bool]]] = {}
    for each in every:
        stands, negated = conditions.base(nodes.node(each.name).output())
        alike.setdefault(stands, []).append((each, negated))
    groups = [group for group in alike.values() if len(group) > 1]
    assert len(groups) > 5
    for (first, negated), *others in groups:
        for other, turned in others:
            names = sorted(first.leaves | other.leaves)
            for values in product(*(GRID[name] for name in names)):
                given = dict(zip(names, values, strict=True))
                same = first.value(given) == other.value(given)
                assert same is (negated == turned), (first.lines, other.lines, given)


@pytest.mark.parametrize("seed", range(4))
def test_one_predicate_in_other_words_is_one(seed: int) -> None:
    draw = random.Random(seed)
    every = [predicate(draw, f"a{number}_") for number in range(60)]
    texts = [each.lines for pair in every for each in pair]
    nodes = graph(LEAVES + without_doubles(*texts))
    conditions = Conditions(nodes)
    decided = 0
    for pair in every:
        if truth(nodes.node(pair[0].name).output()) is None:
            continue  # a sum beside a float, or too many values to try
        decided += 1
        one, other = (conditions.base(nodes.node(each.name).output()) for each in pair)
        assert one == other, pair[1].lines
    assert decided > 30
