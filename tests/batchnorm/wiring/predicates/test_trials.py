"""The values to try of what a predicate is computed from: exact, or none."""

from __future__ import annotations

from math import inf, nextafter
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm.wiring.predicates import trials as trials_module
from bninspect.batchnorm.wiring.predicates.predicate import logic
from bninspect.batchnorm.wiring.predicates.trials import trials
from bninspect.batchnorm.wiring.predicates.truth import truth
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.batchnorm.wiring.predicates.trials import Trials

BOOL = "p = Placeholder(dtype=bool, shape=[])\nq = Placeholder(dtype=bool, shape=[])\n"
WHOLE = "m = Placeholder(dtype=int32, shape=[])\nn = Placeholder(dtype=int32, shape=[])\none = Const(1)\n"
REAL = "s = Placeholder(dtype=float, shape=[])\nt = Placeholder(dtype=float, shape=[])\nhalf = Const(0.5)\n"
TEXT = 'u = Placeholder(dtype=string, shape=[])\nv = Placeholder(dtype=string, shape=[])\na = Const("a")\n'
CAST = WHOLE + "d = Cast(m, SrcT=int32, DstT=float)\n"
BITS = (0.0, 1.0)
MOVES = (-10, -9, -8, -1, 0, 1, 8, 9, 10)
"""By 1 and by 9, to either side."""


def tried(lines: str, spelled: dict[str, str] | None = None) -> Trials | None:
    """What is tried for the last node, each leaf by its name, or by what it is to be spelled as."""
    order, leaves = logic(graph(lines).nodes[-1].output())
    return trials(order, {leaf: (spelled or {}).get(leaf.node.name, leaf.node.name) for leaf in leaves})


def beside(*numbers: float, steps: int = 1) -> tuple[float, ...]:
    """Whole numbers no further from one of these."""
    return tuple(sorted({float(number + step) for number in numbers for step in range(-steps, steps + 1)}))


def near(number: float, steps: int = 1) -> list[float]:
    """Floats no further than so many steps, ascending."""
    lower, upper = [number], [number]
    for _ in range(steps):
        lower.append(nextafter(lower[-1], -inf))
        upper.append(nextafter(upper[-1], inf))
    return [*reversed(lower), *upper[1:]]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (BOOL + "e = LogicalAnd(p, q)", {"p": BITS, "q": BITS}),
        (BOOL + "e = Equal(p, q)", {"p": BITS, "q": BITS}),
        (BOOL + "d = LogicalNot(p)\ne = Equal(d, q)", {"p": BITS, "q": BITS}),
        ("v = VariableV2(dtype=bool, shape=[])\ne = Identity(v)", {"v": BITS}),
        (BOOL + "d = Any(p)\ne = LogicalAnd(d, q)", {"d": BITS, "q": BITS}),
        (WHOLE + "five = Const(5)\ne = Less(m, five)", {"m": beside(0, 5)}),
        (WHOLE + "e = Less(m, n)", {"m": beside(0, steps=2), "n": beside(0, steps=2)}),
        (
            WHOLE + "five = Const(5)\nd = Less(m, n)\nc = Less(m, five)\ne = LogicalAnd(c, d)",
            {"m": beside(0, 5, steps=2), "n": beside(0, 5, steps=2)},
        ),
        (
            WHOLE + "d = Less(m, n)\no = Placeholder(dtype=int32)\nc = Less(o, n)\ne = LogicalAnd(c, d)",
            {"m": beside(0, steps=3), "n": beside(0, steps=3), "o": beside(0, steps=3)},
        ),
        (CAST + "c = Const(2.5)\ne = Less(d, c)", {"m": beside(0, 2, 3)}),
        (CAST + "c = Const(1e999)\ne = Less(d, c)", {"m": beside(0)}),
        (CAST + "c = Cast(n, SrcT=int32, DstT=float)\ne = Less(c, d)",
         {"n": beside(0, steps=2), "m": beside(0, steps=2)}),
        (WHOLE + "d = Fill(one, m)\ne = Less(d, n)", {"m": beside(0, steps=2), "n": beside(0, steps=2)}),
        (WHOLE + BOOL + "d = Less(m, one)\ne = Equal(d, q)", {"m": beside(0, 1), "q": BITS}),
        (WHOLE + BOOL + "c = Fill(one, p)\nd = Any(c, one)\ne = Equal(q, d)", {"p": BITS, "q": BITS}),
        (WHOLE + "c = Const(10)\nd = Add(m, one)\ne = Less(d, c)", {"m": beside(-1, 0, 1, 2, 9, 10, 11)}),
        (WHOLE + "c = Const(4)\nd = Sub(m, c)\ne = Less(d, c)", {"m": beside(-4, 0, 4, 8)}),
        (
            WHOLE + "c = Const(9)\nd = Add(m, one)\nb = AddV2(c, d)\ne = Less(b, one)",
            {"m": beside(*(number + step for number in (0, 1, 9) for step in MOVES))},
        ),
        (REAL + "e = Less(s, half)", {"s": tuple(near(0) + near(0.5))}),
        (REAL + "e = Less(s, t)", {"s": tuple(near(0, 2)), "t": tuple(near(0, 2))}),
        (TEXT + "e = Equal(u, a)", {"u": (b"\x000", b"a")}),
        (TEXT + "e = Equal(u, v)", {"u": (b"\x000", b"\x001"), "v": (b"\x000", b"\x001")}),
        (TEXT + 'b = Const("\\x000")\nd = Equal(u, b)\nc = Equal(u, a)\ne = LogicalOr(c, d)',
         {"u": (b"\x001", b"\x000", b"a")}),
        (WHOLE + "d = FloorMod(m, one)\ne = Less(d, one, T=int32)", {"d": beside(0, 1)}),
        (WHOLE + "d = FloorMod(m, one)\ne = Cast(d, SrcT=int32, DstT=bool, T=float)", {"d": beside(0)}),
        ("v = VariableV2(dtype=int32, shape=[])\none = Const(1)\ne = Less(v, one)", {"v": beside(0, 1)}),
        ("e = Const(true)", {}),
    ],
)  # fmt: skip
def test_the_values(lines: str, found: Trials) -> None:
    assert tried(lines) == found


NOT_TOLD = {
    "a sum of two numbers": WHOLE + "d = Add(m, n)\np = Less(d, one)",
    "a float that is moved, which rounds": REAL + "d = Add(s, half)\np = Less(d, half)",
    "a float that is cut off": REAL + "d = Cast(s, SrcT=float, DstT=int32)\np = Less(d, half)",
    "numbers of two types": WHOLE + REAL + "f = Cast(m, SrcT=int32, DstT=float)\np = Less(f, s)",
    "a sum, compared with a number that is none": WHOLE + "d = Add(m, one)\np = Less(d, n)",
    "no number": "c = Placeholder(dtype=resource)\none = Const(1)\np = Less(c, one)",
}


@pytest.mark.parametrize("case", NOT_TOLD)
def test_what_a_few_values_do_not_tell(case: str) -> None:
    assert tried(NOT_TOLD[case]) is None
    assert truth(graph(NOT_TOLD[case]).node("p").output()) is None


def test_two_of_one_spelling_are_one_unless_they_are_read_as_two_types() -> None:
    lines = WHOLE + "d = FloorMod(m, one)\nc = FloorMod(m, one)\na = Less(d, one, T=int32)\n"
    both = {"c": "mod", "d": "mod"}
    assert tried(lines + "b = Less(c, one, T=int32)\ne = LogicalAnd(a, b)", both) == {"mod": beside(0, 1)}
    assert tried(lines + "b = Less(c, one, T=float)\ne = LogicalAnd(a, b)", both) is None


def conjunction(count: int) -> str:
    """All of so many booleans."""
    lines = (
        "".join(f"p{number} = Placeholder(dtype=bool)\n" for number in range(count)) + "e1 = Identity(p0)\n"
    )
    return lines + "".join(
        f"e{number} = LogicalAnd(e{number - 1}, p{number - 1})\n" for number in range(2, count + 1)
    )


def test_only_as_many_as_can_all_be_tried() -> None:
    found = tried(conjunction(9))
    assert found is not None
    assert set(found.values()) == {BITS}
    assert len(found) == 9
    assert tried(conjunction(10)) is None
    assert tried(conjunction(10), {"p9": "p8"}) == {f"p{number}": BITS for number in range(9)}


@pytest.mark.parametrize(("most", "is_found"), [(3, False), (4, True)])
def test_only_as_much_logic_as_is_looked_at(
    most: int, is_found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials_module, "_MOST_LOGIC", most)
    assert (tried(BOOL + "d = LogicalAnd(p, q)\ne = LogicalNot(d)") is not None) is is_found


@pytest.mark.parametrize(("most", "is_found"), [(2, False), (3, True)])
def test_only_as_many_sums_as_are_tried(most: int, is_found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials_module, "_MOST_TRIALS", most)
    lines = WHOLE + "c = Const(4)\nd = Add(m, one)\nb = Add(d, c)\n"
    assert (trials_module._sums(logic(graph(lines).nodes[-1].output())[0]) is not None) is is_found


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


@pytest.mark.parametrize("ring", ["two = Cast(two)\n", "three = Cast(two)\ntwo = Cast(three)\n"])
def test_a_number_that_is_cast_in_a_ring_ends(ring: str) -> None:
    """Only a damaged file holds one."""
    assert tried(WHOLE + ring + "p = Greater(m, two)\n") is None
