"""The arithmetic of a blend: the number that a predicate decides, and what a sum of such terms chooses."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring.arithmetic.blend import Blends, may_weigh
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.text import graph

NUMBERS = """
p = Placeholder(dtype=bool, shape=[])
q = Placeholder(dtype=bool, shape=[])
fed = Placeholder(dtype=float, shape=[])
not = LogicalNot(p)
t = Cast(p, SrcT=bool, DstT=float)
s = Cast(not, SrcT=bool, DstT=float)
u = Cast(q, SrcT=bool, DstT=float)
zero = Const(0.0)
one = Const(1.0)
two = Const(2.0)
several = Const([1.0, 2.0])
"""
WEIGHTS = {
    "Const(2.0)": (None, 2.0, 2.0),
    "Identity(several)": None,
    "Identity(fed)": None,
    "Identity(t)": ("p:0", 1.0, 0.0),
    "Identity(s)": ("p:0", 0.0, 1.0),
    "Identity(u)": ("q:0", 1.0, 0.0),
    "Add(two, t)": ("p:0", 3.0, 2.0),
    "AddV2(t, two)": ("p:0", 3.0, 2.0),
    "Sub(two, t)": ("p:0", 1.0, 2.0),
    "Sub(t, two)": ("p:0", -1.0, -2.0),
    "Mul(two, t)": ("p:0", 2.0, 0.0),
    "Mul(two, two)": (None, 4.0, 4.0),
    "Add(t, t)": ("p:0", 2.0, 0.0),
    "Add(t, s)": ("p:0", 1.0, 1.0),
    "Mul(t, u)": None,
    "Mul(t, fed)": None,
    "Mul(fed, t)": None,
    "Maximum(t, two)": None,
    "Cast(t, SrcT=float, DstT=half)": ("p:0", 1.0, 0.0),
    "Cast(two, SrcT=float, DstT=half)": (None, 2.0, 2.0),
    "Cast(t, SrcT=float, DstT=bool)": None,
    "Cast(fed, SrcT=float, DstT=half)": None,
}


@pytest.mark.parametrize("written", WEIGHTS)
def test_a_number_that_a_predicate_decides(written: str) -> None:
    found = graph(NUMBERS + f"w = {written}\n")
    weight = Blends(Conditions(found).base).weight(found.node("w").output())
    expected = WEIGHTS[written]
    if expected is None or weight is None:
        assert weight is expected
        return
    predicate = weight.predicate.name if weight.predicate else None
    assert (predicate, weight.if_true, weight.if_false) == expected


@pytest.mark.parametrize(
    ("step", "of", "deepest"),
    [("Cast({}, SrcT=float, DstT=half)", "t", 3), ("Add({}, one)", "t", 3), ("Add({}, one)", "two", 4)],
    ids=["casts of a boolean", "sums of a boolean", "sums of constants"],
)
def test_as_deep_as_numbers_are_followed(step: str, of: str, deepest: int) -> None:
    lines = "".join(
        f"w{at} = {step.format(of if at == 1 else f'w{at - 1}')}\n" for at in range(1, deepest + 2)
    )
    found = graph(NUMBERS + lines)
    weight = Blends(Conditions(found).base).weight
    assert weight(found.node(f"w{deepest}").output()) is not None
    assert weight(found.node(f"w{deepest + 1}").output()) is None


TERMS = """
a = Placeholder(dtype=float, shape=[-1, 3])
b = Placeholder(dtype=float, shape=[-1, 3])
c = Placeholder(dtype=float, shape=[-1, 3])
read = Identity(b)
rest = Sub(one, t)
nothing = Mul(zero, t)
twice = Mul(two, t)
twice_rest = Mul(two, rest)
ta = Mul(t, a)
rb = Mul(rest, b)
ra = Mul(rest, a)
ub = Mul(u, b)
ua = Mul(u, a)
nc = Mul(nothing, c)
"""
SUMS = {
    "y = Add(ta, rb)": ("p:0", "a:0", "b:0"),
    "y = Add(rb, ta)": ("p:0", "a:0", "b:0"),
    "y = AddN(nc, ta, rb)": ("p:0", "a:0", "b:0"),
    "y = AddN(nc, nc, ta, rb)": ("p:0", "a:0", "b:0"),
    "y = AddN(nc, nc, nc, ta, rb)": None,
    "y = AddN(ta, rb, c)": None,
    "y = Add(a, b)": None,
    "y = Add(a, ta)": None,
    "y = Sub(ta, rb)": None,
    "n = Neg(rb)\ny = Sub(ta, n)": ("p:0", "a:0", "b:0"),
    "n = Neg(rb)\ny = Add(ta, n)": None,
    "y = Add(ta, ub)": None,
    "y = AddN(ta, ra, ub)": None,
    "y = Add(ta, ua)": None,
    "y = Add(ta, ra)": None,
    "y = AddN(ta, ua, b)": None,
    "z = Add(a, b)\ny = Add(z, b)": None,
    "w = Add(b, c)\nd = Sub(a, w)\nm = Mul(t, d)\ny = Add(w, m)": ("p:0", "a:0", "w:0"),
    "d = Sub(a, b)\nm = Mul(one, d)\nn = Mul(t, m)\ny = Add(b, n)": ("p:0", "a:0", "b:0"),
    "d = Sub(a, b)\nm = Mul(two, d)\nn = Mul(t, m)\ny = Add(b, n)": None,
    "m = Mul(twice, a)\ny = Add(m, rb)": None,
    "m = Mul(twice_rest, b)\ny = Add(ta, m)": None,
    "d = Sub(a, b)\nm = Mul(t, d)\ny = Add(b, m)": ("p:0", "a:0", "b:0"),
    "d = Sub(a, b)\nm = Mul(d, t)\ny = Add(m, b)": ("p:0", "a:0", "b:0"),
    "d = Sub(b, a)\nm = Mul(t, d)\ny = Sub(b, m)": ("p:0", "a:0", "b:0"),
    "d = Sub(b, a)\nm = Mul(t, d)\ny = Add(b, m)": None,
    "d = Sub(a, read)\nm = Mul(t, d)\ny = Add(b, m)": ("p:0", "a:0", "b:0"),
    "d = Sub(a, b)\nm = Mul(t, d)\ny = Add(read, m)": ("p:0", "a:0", "read:0"),
    "d = Sub(a, c)\nm = Mul(t, d)\ny = Add(m, rb)": ("p:0", "d:0", "b:0"),
    "m = Mul(one, a)\nn = Mul(t, m)\ny = Add(n, rb)": ("p:0", "a:0", "b:0"),
    "m = Mul(two, a)\nn = Mul(t, m)\ny = Add(n, rb)": None,
    "m = Mul(fed, a)\nn = Mul(t, m)\ny = Add(n, rb)": ("p:0", "m:0", "b:0"),
    "k = Mul(one, a)\nm = Mul(k, one)\nn = Mul(t, m)\ny = Add(n, rb)": ("p:0", "a:0", "b:0"),
    "j = Mul(one, a)\nk = Mul(one, j)\nm = Mul(one, k)\nn = Mul(t, m)\ny = Add(n, rb)": (
        "p:0",
        "j:0",
        "b:0",
    ),
}


@pytest.mark.parametrize("written", SUMS)
def test_what_a_sum_chooses(written: str) -> None:
    found = graph(NUMBERS + TERMS + written + "\n")
    blend = Blends(Conditions(found).base).of(found.node("y"))
    assert (None if blend is None else tuple(tensor.name for tensor in blend)) == SUMS[written]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("t = Cast(p, SrcT=bool, DstT=float)\n", True),
        ("half = Cast(f, SrcT=float, DstT=half)\n", False),
        ("half = Cast(f, SrcT=float, DstT=half)\nt = Cast(p, SrcT=bool, DstT=float)\n", True),
        ("t = Identity(p, SrcT=bool)\n", False),
    ],
    ids=["a boolean", "a number", "both", "no Cast"],
)
def test_whether_anything_may_weigh(line: str, expected: bool) -> None:
    head = "p = Placeholder(dtype=bool, shape=[])\nf = Placeholder(dtype=float, shape=[])\n"
    assert may_weigh(graph(head + line)) is expected
