"""Predicates are compared by value: two that are always alike, or always opposed, are one predicate."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.predicates.truth import truth
from tests.support.parts import PHASE, STORED, fused_cond, report
from tests.support.text import graph

BOOL = "p = Placeholder(dtype=bool)\nother = Placeholder(dtype=bool)\n"
NUMBER = """
m = Placeholder(dtype=int32)
zero = Const(0)
one = Const(1)
two = Const(2)
"""
TEXT = (
    'mode = Placeholder(dtype=string)\ntrain = Const("train")\nalso = Const("train")\neval = Const("eval")\n'
)
PAIR = "step = Placeholder(dtype=int32)\nwarm = Placeholder(dtype=int32)\n"
STEP = "step = Placeholder(dtype=float)\na = Const(10.0)\nb = Const(20.0)\n"
ALIKE = {
    "two Fills": (BOOL + "to = Const([6])\na = Fill(to, p)\nb = Fill(to, p)", "a", "b", False),
    "a Fill and a negated Fill": (
        BOOL + "to = Const([6])\na = Fill(to, p)\nn = LogicalNot(p)\nb = Fill(to, n)",
        "a",
        "b",
        True,
    ),
    "a Fill of a negation, negated": (
        BOOL + "to = Const([6])\nn = LogicalNot(p)\nf = Fill(to, n)\na = LogicalNot(f)",
        "a",
        "p",
        False,
    ),
    "a Tile": (BOOL + "to = Const([6])\nl = Const([1])\nr = Reshape(p, l)\na = Tile(r, to)", "a", "p", False),
    "a Cast there and back": (
        BOOL + "i = Cast(p, SrcT=bool, DstT=int32)\na = Cast(i, SrcT=int32, DstT=bool)",
        "a",
        "p",
        False,
    ),
    "equal to false": (BOOL + "no = Const(false)\na = Equal(p, no)", "a", "p", True),
    "and a vector of true": (BOOL + "yes = Const([true, true])\na = LogicalAnd(yes, p)", "a", "p", False),
    "and true": (BOOL + "yes = Const(true)\na = LogicalAnd(yes, p)", "a", "p", False),
    "the same two": (BOOL + "a = LogicalAnd(p, other)\nb = LogicalAnd(other, p)", "a", "b", False),
    "De Morgan": (
        BOOL + "a = LogicalAnd(p, other)\nn = LogicalNot(p)\nk = LogicalNot(other)\nb = LogicalOr(n, k)",
        "a",
        "b",
        True,
    ),
    "a leaf that makes no difference": (
        BOOL + "n = LogicalNot(other)\nt = LogicalOr(other, n)\na = LogicalAnd(p, t)",
        "a",
        "p",
        False,
    ),
    "less than 1, at most 0": (NUMBER + "a = Less(m, one)\nb = LessEqual(m, zero)", "a", "b", False),
    "equal, not equal": (NUMBER + "a = Equal(m, two)\nb = NotEqual(two, m)", "a", "b", True),
    "a number kept in another type": (
        STEP + "half = Const(0.5)\nwide = Cast(step, SrcT=float, DstT=double)\np = Less(step, half)\n"
        "q = Less(wide, half)",
        "p",
        "q",
        False,
    ),
    "below, at least": (STEP + "p = Less(step, a)\nq = GreaterEqual(step, a)", "p", "q", True),
    "two texts": (TEXT + "p = Equal(mode, train)\nq = Equal(also, mode)", "p", "q", False),
    "a text, and not another": (TEXT + "p = Equal(mode, train)\nq = NotEqual(mode, also)", "p", "q", True),
    "a text, one more": (
        TEXT + "p = Equal(mode, train)\nn = NotEqual(mode, eval)\nq = LogicalAnd(p, n)",
        "p",
        "q",
        False,
    ),
    "two numbers": (PAIR + "p = Less(step, warm)\nq = Greater(warm, step)", "p", "q", False),
    "two numbers, negated": (PAIR + "p = Less(step, warm)\nq = GreaterEqual(step, warm)", "p", "q", True),
    "a remainder": (
        NUMBER + "r = FloorMod(m, two)\ns = FloorMod(m, two)\np = Equal(r, one)\nq = Equal(s, one)",
        "p",
        "q",
        False,
    ),
    "what no table holds": (
        STEP + "r = RealDiv(step, a)\ns = RealDiv(step, a)\np = Less(r, step)\nq = Less(s, step)",
        "p",
        "q",
        False,
    ),
    "a number moved": (
        NUMBER + "five = Const(5)\nseven = Const(7)\ns = Add(m, five)\np = Less(s, seven)\nq = Less(m, two)",
        "p",
        "q",
        False,
    ),
    "a bool compared beside a number": (
        BOOL + NUMBER + "e = Equal(p, other)\nl = Less(m, two)\na = LogicalAnd(e, l)\nb = LogicalAnd(l, e)",
        "a",
        "b",
        False,
    ),
}
APART = {
    "of two placeholders": (BOOL, "p", "other"),
    "equal to 0, equal to 1": (NUMBER + "a = Equal(m, zero)\nb = Equal(m, one)", "a", "b"),
    "not equal to 0, equal to 1": (NUMBER + "a = NotEqual(m, zero)\nb = Equal(m, one)", "a", "b"),
    "and a vector of true and false": (
        BOOL + "some = Const([true, false])\na = LogicalAnd(some, p)",
        "a",
        "p",
    ),
    "and, or": (BOOL + "a = LogicalAnd(p, other)\nb = LogicalOr(p, other)", "a", "b"),
    "below, at most": (STEP + "p = Less(step, a)\nq = LessEqual(step, a)", "p", "q"),
    "a number that is cut off to a whole one": (
        STEP + "whole = Cast(step, SrcT=float, DstT=int32)\np = Less(step, a)\nq = Less(whole, a)",
        "p",
        "q",
    ),
    "another text": (TEXT + "p = Equal(mode, train)\nq = NotEqual(mode, eval)", "p", "q"),
    "two numbers, the other way": (PAIR + "p = Less(step, warm)\nq = Less(warm, step)", "p", "q"),
    "two numbers, equal": (PAIR + "p = Less(step, warm)\nq = LessEqual(step, warm)", "p", "q"),
    "numbers of two types": (
        PAIR + "f = Placeholder(dtype=float)\nc = Cast(step, SrcT=int32, DstT=float)\np = Less(c, f)\n"
        "q = LessEqual(c, f)",
        "p",
        "q",
    ),
    "a number moved by less": (
        NUMBER + "five = Const(5)\nhundred = Const(100)\nfewer = Const(99)\ns = Add(m, five)\n"
        "p = Less(s, hundred)\nq = Less(m, fewer)",
        "p",
        "q",
    ),
    "a number moved by another": (
        PAIR + "c = Const(3)\ns = Add(step, warm)\np = Less(s, c)\nq = Less(step, c)",
        "p",
        "q",
    ),
    "a computed number of a type that its reader states": (
        NUMBER
        + "ten = Const(10)\nr = FloorMod(m, ten)\np = Less(r, two, T=int32)\nq = Less(r, ten, T=int32)",
        "p",
        "q",
    ),
    "remainders of two numbers": (
        NUMBER + "r = FloorMod(m, two)\ns = FloorMod(m, one)\np = Equal(r, zero)\nq = Equal(s, zero)",
        "p",
        "q",
    ),
    "two counts": (
        "v = VariableV2(dtype=int32, shape=[])\none = Const(1)\nten = Const(10)\nr = AssignAdd(v, one)\n"
        "s = AssignAdd(v, one)\nk = FloorMod(r, ten)\nl = FloorMod(s, ten)\n"
        "p = Equal(k, one)\nq = Equal(l, one)",
        "p",
        "q",
    ),
    "below 10, below 20": (STEP + "p = Less(step, a)\nq = Less(step, b)", "p", "q"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_one_predicate(case: str) -> None:
    lines, first, second, opposed = ALIKE[case]
    nodes = graph(lines)
    conditions = Conditions(nodes)
    stands, negated = conditions.base(nodes.node(first).output())
    assert conditions.base(nodes.node(second).output()) == (stands, negated != opposed)
    assert conditions.base(stands) == (stands, False)


def test_infinity_cut_off_to_a_whole_number_stays_beyond_all() -> None:
    """No Python int is infinite; a limit that nothing reaches is one that somebody writes."""
    whole = "whole = Cast(inf, SrcT=float, DstT=int32)\n"
    nodes = graph("inf = Const(1e999)\nten = Const(10)\n" + whole + "p = Less(whole, ten)")
    found = truth(nodes.node("p").output())
    assert found is not None
    assert (found[0].leaves, found[1]) == ((), False)


@pytest.mark.parametrize("case", APART)
def test_two_predicates(case: str) -> None:
    lines, first, second = APART[case]
    nodes = graph(lines)
    conditions = Conditions(nodes)
    stands = [conditions.base(nodes.node(name).output())[0] for name in (first, second)]
    assert stands[0] != stands[1]


def test_a_bool_source_stands_for_all_that_hand_it_on() -> None:
    nodes = graph(BOOL + "to = Const([6])\nn = LogicalNot(p)\nq = Fill(to, n)")
    assert Conditions(nodes).base(nodes.node("q").output()) == (nodes.node("p").output(), True)


@pytest.mark.parametrize(
    ("lines", "wanted", "possible"),
    [
        (BOOL, {"p": True, "other": False}, True),
        (BOOL + "a = LogicalAnd(p, other)", {"a": True, "other": False}, False),
        (BOOL + "a = LogicalAnd(p, other)", {"a": False, "other": False}, True),
        (NUMBER + "a = Equal(m, zero)\nb = Equal(m, one)", {"a": True, "b": True}, False),
        (NUMBER + "a = Equal(m, zero)\nb = Equal(m, one)", {"a": False, "b": False}, True),
        (NUMBER + "a = Less(m, one)\nb = Equal(m, two)", {"a": True, "b": True}, False),
        (STEP + "p = Less(step, a)\nq = Greater(step, b)", {"p": True, "q": True}, False),
        (STEP + "p = Less(step, b)\nq = Greater(step, a)", {"p": True, "q": True}, True),
    ],
)
def test_what_can_hold_at_once(lines: str, wanted: dict[str, bool], possible: bool) -> None:
    nodes = graph(lines)
    context = frozenset((nodes.node(name).output(), value) for name, value in wanted.items())
    assert Conditions(nodes).possible(context) is possible


SELECTED = """
axes = Const([0, 1, 2])
batch_mean = Mean(x, axes)
still = StopGradient(batch_mean)
difference = SquaredDifference(x, still)
batch_variance = Mean(difference, axes)
m = Select(M_PREDICATE)
v = Select(V_PREDICATE)
add = Add(v, epsilon)
root = Rsqrt(add)
scale = Mul(root, gamma)
scaled = Mul(x, scale)
shift = Mul(m, scale)
offset = Sub(beta, shift)
y = Add(scaled, offset)
"""


def selected(mean: str, variance: str, lines: str = "") -> str:
    """One chain whose mean and variance two Selects choose."""
    text = SELECTED.replace("M_PREDICATE", mean).replace("V_PREDICATE", variance)
    return STORED + PHASE + "to = Const([3])\n" + lines + text


def test_mean_and_variance_by_predicates_of_one_value() -> None:
    lines = "f = Fill(to, phase)\nn = LogicalNot(phase)\ng = Fill(to, n)\n"
    found = report(selected("f, batch_mean, mean", "g, variance, batch_variance", lines))
    (layer,) = found.layers
    assert (layer.mode.value, found.unrecognised) == ("switched", ())
    assert layer.switch is not None
    assert layer.switch.training_when is True


def test_mean_and_variance_the_opposite_way_round() -> None:
    lines = "f = Fill(to, phase)\ng = Fill(to, phase)\n"
    found = report(selected("f, batch_mean, mean", "g, variance, batch_variance", lines))
    assert found.layers == ()
    assert [one.reason for one in found.unrecognised] == [
        "for one value of the predicate the mean is stored and the variance is of the batch"
    ]


def test_mean_and_variance_by_predicates_of_two_values() -> None:
    lines = "other = Placeholder(dtype=bool)\nf = Fill(to, phase)\ng = Fill(to, other)\n"
    found = report(selected("f, batch_mean, mean", "g, batch_variance, variance", lines))
    assert found.layers == ()
    assert [one.reason for one in found.unrecognised] == [
        "mean and variance are chosen by different predicates, f:0 and g:0"
    ]


def test_layers_by_predicates_of_one_value_have_one_source() -> None:
    lines = "n = LogicalNot(phase)\nno = Const(false)\ne = Equal(n, no)\n"
    found = report(STORED + PHASE + lines + fused_cond("phase") + fused_cond("e", "z", "y"))
    (group,) = found.switches
    assert group.predicate.source is not None
    assert (group.predicate.source.name, len(group.layers)) == ("phase:0", 2)
