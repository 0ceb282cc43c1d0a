"""The truth table of a predicate, written out: a predicate and its negation have the same one."""

from __future__ import annotations

from math import inf

import pytest

from bninspect.batchnorm.wiring.predicates.truth import possible, truth
from tests.support.text import graph

LEAVES = (
    "p = Placeholder(dtype=bool, shape=[])\nq = Placeholder(dtype=bool, shape=[])\n"
    "m = Placeholder(dtype=int32, shape=[])\nu = Placeholder(dtype=string, shape=[])\n"
    'one = Const(1)\nthree = Const(3)\na = Const("a")\nb = Const("b")\n'
)
F, T = False, True
P, Q = ("p:0", (-inf, 1.0)), ("q:0", (-inf, 1.0))


@pytest.mark.parametrize(
    ("lines", "leaves", "table", "negated"),
    [
        ("end = Identity(p)", (P,), (F, T), False),
        ("end = LogicalNot(p)", (P,), (F, T), True),
        ("end = LogicalAnd(p, q)", (P, Q), (F, F, F, T), False),
        ("end = LogicalAnd(q, p)", (P, Q), (F, F, F, T), False),
        ("both = LogicalAnd(p, q)\nend = LogicalNot(both)", (P, Q), (F, F, F, T), True),
        ("end = LogicalOr(p, q)", (P, Q), (F, T, T, T), False),
        ("end = Equal(p, q)", (P, Q), (F, T, T, F), True),
        ("end = NotEqual(p, q)", (P, Q), (F, T, T, F), False),
        ("not = LogicalNot(q)\nend = LogicalAnd(p, not)", (P, Q), (F, F, T, F), False),
        ("any = LogicalOr(p, q)\nend = LogicalAnd(any, p)", (P,), (F, T), False),
        ("end = Greater(m, one)", (("m:0", (-inf, 2.0)),), (F, T), False),
        ("end = LessEqual(m, three)", (("m:0", (-inf, 4.0)),), (F, T), True),
        ("end = Equal(m, three)", (("m:0", (-inf, 3.0, 4.0)),), (F, T, F), False),
        (
            "low = Greater(m, one)\nmore = Less(m, three)\nboth = LogicalAnd(low, more)\n"
            "end = LogicalAnd(both, p)",
            (("m:0", (-inf, 2.0, 3.0)), P),
            (F, F, F, T, F, F),
            False,
        ),
        ("end = Equal(u, a)", (("u:0", (b"", b"a")),), (F, T), False),
        ("end = NotEqual(b, u)", (("u:0", (b"", b"b")),), (F, T), True),
        (
            "first = Equal(u, a)\nsecond = Equal(u, b)\nend = LogicalOr(first, second)",
            (("u:0", (b"", b"a", b"b")),),
            (F, T, T),
            False,
        ),
        ("end = Equal(one, one)", (), (F,), True),
        ("end = Less(one, one)", (), (F,), False),
    ],
)
def test_the_table_begins_with_false(
    lines: str, leaves: tuple[object, ...], table: tuple[bool, ...], negated: bool
) -> None:
    assert truth(graph(LEAVES + lines + "\n").node("end").output()) == ((leaves, table), negated)


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ((), True),
        ((("p", T),), True),
        ((("p", T), ("p", T)), True),
        ((("p", T), ("p", F)), False),
        ((("never", T),), True),
        ((("never", T), ("p", T)), True),
        ((("below", T), ("above", T)), False),
        ((("below", F), ("above", F)), True),
        ((("below", T), ("p", T), ("above", T)), False),
        ((("p", F), ("both", T), ("below", T)), False),
        ((("p", T), ("both", T), ("below", T), ("above", F)), True),
        ((("sum", T), ("below", T)), True),
        ((("p", F), ("both", T), ("sum", T), ("below", T)), True),
    ],
)
def test_what_can_hold_at_once(conditions: tuple[tuple[str, bool], ...], found: bool) -> None:
    """Only predicates with something in common exclude each other; what no few values tell may be."""
    nodes = graph(
        LEAVES + "never = Less(one, one)\nbelow = Less(m, one)\nabove = Less(three, m)\n"
        "both = LogicalAnd(p, q)\nn = Placeholder(dtype=int32)\nboth_numbers = Add(m, n)\n"
        "sum = Less(both_numbers, one)\n"
    )
    assert possible((nodes.node(name).output(), value) for name, value in conditions) is found
