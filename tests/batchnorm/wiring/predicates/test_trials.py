"""The values to try of what a predicate is computed from: exact, or none."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring.predicates.truth import truth
from tests.support.text import graph

WHOLE = "m = Placeholder(dtype=int32, shape=[])\nn = Placeholder(dtype=int32, shape=[])\none = Const(1)\n"
REAL = "s = Placeholder(dtype=float, shape=[])\nt = Placeholder(dtype=float, shape=[])\nhalf = Const(0.5)\n"
NOT_TOLD = {
    "a sum of two numbers": WHOLE + "d = Add(m, n)\np = Less(d, one)",
    "a float that is moved, which rounds": REAL + "d = Add(s, half)\np = Less(d, half)",
    "numbers of two types": WHOLE + REAL + "f = Cast(m, SrcT=int32, DstT=float)\np = Less(f, s)",
    "a sum, compared with a number that is none": WHOLE + "d = Add(m, one)\np = Less(d, n)",
}


@pytest.mark.parametrize("case", NOT_TOLD)
def test_what_a_few_values_do_not_tell(case: str) -> None:
    assert truth(graph(NOT_TOLD[case]).node("p").output()) is None


@pytest.mark.parametrize(
    "lines",
    [
        REAL + "a = Greater(s, half)\nb = Less(s, t)\np = LogicalAnd(a, b)",
        REAL + "a = Less(s, half)\nb = Greater(s, t)\np = LogicalAnd(a, b)",
        WHOLE + "a = Greater(m, one)\nb = Less(m, n)\np = LogicalAnd(a, b)",
        WHOLE + "a = Less(m, one)\nb = Greater(m, n)\np = LogicalAnd(a, b)",
    ],
)
def test_two_numbers_have_room_beyond_each_constant(lines: str) -> None:
    """Both above it, or both below it, and one above the other: that is possible."""
    found = truth(graph(lines).node("p").output())
    assert found is not None
    assert any(found[0].table)
    assert len(found[0].leaves) == 2


@pytest.mark.parametrize(("step", "op"), [(5, "Add"), (-5, "Add"), (5, "Sub")])
def test_a_number_that_is_moved_changes_where_it_was_before(step: int, op: str) -> None:
    lines = WHOLE + f"by = Const({step})\nten = Const(10)\nd = {op}(m, by)\np = Less(d, ten)"
    found = truth(graph(lines).node("p").output())
    assert found is not None
    ((_, values),) = found[0].leaves
    assert values[1] == 10 - (step if op == "Add" else -step)
