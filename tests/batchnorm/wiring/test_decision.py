"""When a tree of Selects gives the first of two things: its predicate, its joins, and how many have a say."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.nested import Decision, decision
from tests.support.text import graph

HEAD = (
    "".join(f"{name} = Placeholder(dtype=bool, shape=[])\n" for name in "pqr")
    + "".join(f"{name} = Placeholder(dtype=float, shape=[])\n" for name in ("a", "also_a", "b", "c"))
    + "n = LogicalNot(p)\nboth = LogicalAnd(p, q)\n"
)
FIRST = {"a:0": True, "also_a:0": True, "m:1": True, "b:0": False}
"""What is the first thing, and what the second; `c` is neither."""


def decided(lines: str, end: str = "y") -> Decision | None:
    """When the output of `end` is the first thing."""
    nodes = graph(HEAD + lines)
    return decision(nodes.node(end).output(), lambda tensor: FIRST.get(tensor.name), Conditions(nodes))


TREES = {
    "y = Select(p, a, b)": ("p:0", "y", False),
    "y = Select(p, b, a)": ("not p:0", "y", False),
    "y = Select(n, a, b)": ("not p:0", "y", False),
    "y = Select(n, b, a)": ("p:0", "y", False),
    "y = Select(both, a, b)": ("both:0", "y", False),
    "z = Select(p, a, b)\ny = Identity(z)": ("p:0", "z", False),
    "i = Identity(a)\ny = Select(p, i, b)": ("p:0", "y", False),
    "i = Select(q, a, b)\ny = Select(p, a, i)": ("p:0 or q:0", "y i", True),
    "i = Select(q, a, b)\ny = Select(n, a, i)": ("q:0 or not p:0", "y i", True),
    "i = Select(q, a, b)\ny = Select(p, i, b)": ("p:0 and q:0", "y i", True),
    "i = Select(q, a, also_a)\ny = Select(p, i, b)": ("p:0", "y i", False),
    "i = Select(q, a, b)\ny = Select(p, i, i)": ("q:0", "y i", True),
    "i = Select(q, a, b)\nj = Select(r, i, b)\ny = Select(p, i, j)": (
        "(p:0 and q:0) or (not p:0 and (r:0 and q:0))",
        "y i j",
        True,
    ),
    "i = Select(p, a, c)\ny = Select(p, i, b)": ("p:0", "y i", False),
    "m = Merge(c, c)\ny = Select(p, m:1, b)": ("p:0", "y", False),
}
"""Lines -> the predicate, the joins that were met, and whether more than one of them has a say."""


@pytest.mark.parametrize("lines", TREES)
def test_when_it_is_the_first(lines: str) -> None:
    found = decided(lines)
    assert found is not None
    joins = " ".join(node.name for node in found.joins)
    assert (found.predicate.name, joins, found.several) == TREES[lines]


UNDECIDED = {
    "no join": "y = Identity(a)",
    "both sides the first": "y = Select(p, a, also_a)",
    "a side that is neither": "y = Select(p, a, c)",
    "further in, a side that is neither": "i = Select(q, b, c)\ny = Select(p, a, i)",
    "sides that never run": "s = Switch(a, p)\nt = Relu(s)\nu = Relu(s:1)\ny = Select(p, t, u)",
}


@pytest.mark.parametrize("kind", UNDECIDED)
def test_nothing_is_decided(kind: str) -> None:
    assert decided(UNDECIDED[kind]) is None


@pytest.mark.parametrize(("many", "is_decided"), [(6, True), (7, False)])
def test_of_more_that_have_a_say_no_values_are_told(many: int, is_decided: bool) -> None:
    rows = "".join(
        f"p{at} = Placeholder(dtype=bool, shape=[])\n"
        f"y{at} = Select(p{at}, a, {f'y{at - 1}' if at else 'b'})\n"
        for at in range(many)
    )
    assert (decided(rows, f"y{many - 1}") is not None) is is_decided


@pytest.mark.parametrize(("deep", "is_followed"), [(8, True), (9, False)])
def test_as_deep_as_choices_are_followed(deep: int, is_followed: bool) -> None:
    """One question, asked again and again."""
    rows = "".join(
        f"y{at} = Select(p, {f'y{at - 1}' if at else 'a'}, {'c' if at < deep - 1 else 'b'})\n"
        for at in range(deep)
    )
    found = decided(rows, f"y{deep - 1}")
    assert (found is not None) is is_followed
    assert found is None or found.predicate.name == "p:0"
