"""What is only rounded: the tensor before FakeQuant, and before the conditional that delays it."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.quantization.fake_quant import delayed_from, exact
from tests.support.text import graph

START = """
x = Placeholder(dtype=float)
z = Placeholder(dtype=float)
late = Placeholder(dtype=bool)
low = Const(-6.0)
high = Const(6.0)
rounded = FakeQuantWithMinMaxVars(x, low, high)
other = FakeQuantWithMinMaxArgs(z)
as_it_is = Switch(x, late)
as_rounded = Switch(rounded, late)
otherwise = Switch(other, late)
"""
DELAYED = "y = Merge(as_it_is, as_rounded:1)\n"
MERGES = {
    "rounded in one branch": (DELAYED, "x:0"),
    "rounded in the first": ("y = Merge(as_rounded, as_it_is:1)\n", "x:0"),
    "rounded in both": ("y = Merge(as_rounded, as_rounded:1)\n", "x:0"),
    "handed on by reference": ("y = RefMerge(as_it_is, as_rounded:1)\n", "x:0"),
    "rounded in none": ("y = Merge(as_it_is, as_it_is:1)\n", None),
    "two values": ("y = Merge(as_it_is, otherwise:1)\n", None),
    "two values, both rounded": ("y = Merge(as_rounded, otherwise:1)\n", None),
    "three branches": ("y = Merge(as_it_is, as_rounded:1, as_it_is)\n", None),
    "no conditional": ("y = Add(x, rounded)\n", None),
    "a loop": ("q = FakeQuantWithMinMaxArgs(turn)\nturn = NextIteration(y)\ny = Merge(q, turn)\n", None),
}


@pytest.mark.parametrize("case", MERGES)
def test_what_a_conditional_only_rounds(case: str) -> None:
    lines, name = MERGES[case]
    found = delayed_from(graph(START + lines).node("y"))
    assert (None if found is None else found.name) == name


EXACT = {
    "rounded": ("y = Identity(rounded)\n", "x:0"),
    "rounded twice": ("again = Identity(rounded)\ny = FakeQuantWithMinMaxArgs(again)\n", "x:0"),
    "delayed": (DELAYED, "x:0"),
    "delayed, then rounded": (DELAYED.replace("y =", "m =") + "y = FakeQuantWithMinMaxArgs(m)\n", "x:0"),
    "another op": ("y = Relu(rounded)\n", "y:0"),
}


@pytest.mark.parametrize("case", EXACT)
def test_the_tensor_before_any_rounding(case: str) -> None:
    lines, name = EXACT[case]
    assert exact(graph(START + lines).node("y").output()).name == name


def test_which_branch_was_taken_is_not_what_it_hands_on() -> None:
    taken = graph(START + DELAYED).node("y").output(1)
    assert exact(taken) == taken
