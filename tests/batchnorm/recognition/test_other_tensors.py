"""Moments of what is made of x: which of them are moments of x, and which of another tensor."""

from __future__ import annotations

import pytest

from tests.batchnorm.recognition.test_walk import Found, walked

NUMBERS = """
two = Const(2.0)
inverse = Const(0.5)
four = Const(4.0)
minus = Const(-1.0)
one = Const(1.0)
nothing = Const(0.0)
zero = Const(0)
at = Const([0, 1, 1, 0])
to = Const([0, 7, 7, 0])
by = Const([1, 1, 1, 1])
places = Const([2, 1, 0])
sizes = Const([2, 6])
"""
SLICE = "z = StridedSlice(x, at, to, by, begin_mask={0}, end_mask={0})\ny = Mean(z, axes)\n"
VARIANCE = "m = Mean(z, axes)\nd = SquaredDifference(z, m)\ny = Mean(d, axes)\n"
SPLIT = "s = {}\na = Mean(s, axes)\nb = Mean({}, axes)\ny = Add(a, b)\n"

OF_X = {
    "moved, and moved back": "z = Sub(x, two)\nm = Mean(z, axes)\ny = Add(m, two)\n",
    "moved by a vector, and moved back": "z = Sub(x, mean)\nm = Mean(z, axes)\ny = Add(m, mean)\n",
    "moved by nothing": "z = Add(x, nothing)\ny = Mean(z, axes)\n",
    "a variance of what was moved": "z = Add(x, two)\n" + VARIANCE,
    "a multiple, and divided again": "z = Mul(x, two)\nm = Mean(z, axes)\ny = RealDiv(m, two)\n",
    "a multiple, and multiplied by the inverse": "z = Mul(x, two)\nm = Mean(z, axes)\ny = Mul(m, inverse)\n",
    "squares of a multiple, divided again": (
        "z = Mul(x, two)\nq = Square(z)\nm = Mean(q, axes)\ny = RealDiv(m, four)\n"
    ),
    "once": "z = Mul(x, one)\ny = Mean(z, axes)\n",
    "a sum of shares": "z = Mul(x, inverse)\ny = Sum(z, axes)\n",
    "negated twice": "z = Neg(x)\nm = Mean(z, axes)\ny = Neg(m)\n",
    "by the opposite twice": "z = Mul(x, minus)\nm = Mean(z, axes)\ny = Mul(m, minus)\n",
    "a variance of the opposite": "z = Mul(x, minus)\n" + VARIANCE,
    "a variance of a sample": (
        "m = Mean(x, axes)\nd = SquaredDifference(x, m)\nz = Mul(d, two)\ny = Mean(z, axes)\n"
    ),
    "squares": "z = Mul(x, x)\ny = Mean(z, axes)\n",
    "squares as a power": "z = Pow(x, two)\ny = Mean(z, axes)\n",
    "all of it": SLICE.format(15),
    "both parts": SPLIT.format("Split(zero, x, num_split=2)", "s:1"),
    "both parts of a list": SPLIT.format("SplitV(x, sizes, zero, num_split=2)", "s:1"),
}


@pytest.mark.parametrize("case", OF_X)
def test_moments_of_x(case: str) -> None:
    found = walked(NUMBERS + OF_X[case])
    assert isinstance(found, Found), found
    assert found.axes == (0, 1, 2)


OF_ANOTHER = {
    "moved": ("z = Add(x, two)\ny = Mean(z, axes)\n", "Add z"),
    "moved by a vector": ("z = Sub(x, mean)\ny = Mean(z, axes)\n", "Sub z"),
    "moved, and moved back too far": ("z = Sub(x, two)\nm = Mean(z, axes)\ny = Add(m, four)\n", "Sub z"),
    "taken off a number": ("z = Sub(two, x)\nm = Mean(z, axes)\ny = Add(m, two)\n", "Sub z"),
    "added to itself": ("z = AddN(x, x)\ny = Mean(z, axes)\n", "AddN z"),
    "negated": ("z = Neg(x)\ny = Mean(z, axes)\n", "Neg z"),
    "a multiple": ("z = Mul(two, x)\ny = Mean(z, axes)\n", "Mul z"),
    "the opposite": ("z = Mul(x, minus)\ny = Mean(z, axes)\n", "Mul z"),
    "a variance of a multiple": ("z = RealDiv(x, two)\n" + VARIANCE, "RealDiv z"),
    "an inverse": ("z = RealDiv(one, x)\ny = Mean(z, axes)\n", "RealDiv z"),
    "a cube": ("three = Const(3.0)\nz = Pow(x, three)\ny = Mean(z, axes)\n", "Pow z"),
    "a crop": (SLICE.format(9), "StridedSlice z"),
    "a crop without steps": ("z = StridedSlice(x, at)\ny = Mean(z, axes)\n", "StridedSlice z"),
    "a slice": ("z = Slice(x, at, by)\ny = Mean(z, axes)\n", "Slice z"),
    "one part": ("s = Split(zero, x, num_split=2)\ny = Mean(s, axes)\n", "Split s"),
    "one of a list": ("s = SplitV(x, sizes, zero, num_split=2)\ny = Mean(s:1, axes)\n", "SplitV s"),
    "an element": ("s = Unpack(x, num=8)\ny = Mean(s, first)\n", "Unpack s"),
    "some channels of it": ("m = Mean(x, axes)\ny = GatherV2(m, places, zero)\n", "GatherV2 y"),
}


@pytest.mark.parametrize("case", OF_ANOTHER)
def test_moments_of_another_tensor(case: str) -> None:
    lines, node = OF_ANOTHER[case]
    assert walked(NUMBERS + lines) == f"the statistics are those of {node}, not of x"
