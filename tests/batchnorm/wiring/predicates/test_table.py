"""The truth table of a predicate, written out: a predicate and its negation have the same one."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring.predicates.truth import truth
from tests.support.text import graph

LEAVES = "p = Placeholder(dtype=bool, shape=[])\nq = Placeholder(dtype=bool, shape=[])\n"
F, T = False, True


@pytest.mark.parametrize(
    ("lines", "table", "negated"),
    [
        ("end = Identity(p)", (F, T), False),
        ("end = LogicalNot(p)", (F, T), True),
        ("end = LogicalAnd(p, q)", (F, F, F, T), False),
        ("both = LogicalAnd(p, q)\nend = LogicalNot(both)", (F, F, F, T), True),
        ("end = LogicalOr(p, q)", (F, T, T, T), False),
        ("end = Equal(p, q)", (F, T, T, F), True),
        ("end = NotEqual(p, q)", (F, T, T, F), False),
    ],
)
def test_the_table_begins_with_false(lines: str, table: tuple[bool, ...], negated: bool) -> None:
    found = truth(graph(LEAVES + lines + "\n").node("end").output())
    assert found is not None
    assert (found[0].table, found[1]) == (table, negated)
