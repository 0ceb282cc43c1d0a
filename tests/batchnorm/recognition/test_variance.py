"""What is like a variance, a parameter, a square; and what a variance is before it is clipped."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.variance import is_parameter, is_squared, is_variance_like, unclipped
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.text import graph

START = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
fed = Placeholder(dtype=float, shape=[3])
phase = Placeholder(dtype=bool, shape=[])
vector = Const([1.5, 2.5, 0.5])
one_channel = Const([0.5])
number = Const(0.001)
words = Const(["a", "b"])
kept = VariableV2(dtype=float, shape=[3])
axes = Const([0, 1, 2])
two = Const(2.0)
three = Const(3.0)
squares = Square(x)
"""


@pytest.mark.parametrize(
    ("lines", "is_one"),
    [
        ("y = Identity(vector)\n", True),
        ("y = Identity(one_channel)\n", True),
        ("to = Const([1, 3])\ny = Reshape(kept, to)\n", True),
        ("y = Identity(number)\n", False),
        ("y = Identity(words)\n", False),
        ("y = Identity(fed)\n", False),
        ("y = Neg(vector)\n", False),
        ("y = Placeholder()\n", False),
    ],
)
def test_a_parameter_is_a_stored_vector(lines: str, is_one: bool) -> None:
    assert is_parameter(graph(START + lines).node("y").output()) is is_one


def test_a_constant_without_a_value_is_no_parameter() -> None:
    empty = graph("y = Identity(x)\nx = Placeholder()\n").node("x")
    empty.op = "Const"
    assert is_parameter(empty.output()) is False


@pytest.mark.parametrize(
    ("lines", "is_one"),
    [
        ("y = Square(x)\n", True),
        ("y = SquaredDifference(x, vector)\n", True),
        ("same = Identity(x)\ny = Mul(x, same)\n", True),
        ("y = Pow(x, two)\n", True),
        ("y = Mul(x, fed)\n", False),
        ("y = Pow(x, three)\n", False),
        ("y = Pow(two, two)\n", True),
        ("y = Add(x, x)\n", False),
        ("y = Maximum(x, two)\n", False),
        ("y = Relu(x)\n", False),
    ],
)
def test_what_is_squared(lines: str, is_one: bool) -> None:
    assert is_squared(graph(START + lines).node("y")) is is_one


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("y = Maximum(kept, number)\n", "kept"),
        ("y = Minimum(number, kept)\n", "kept"),
        ("y = Relu(kept)\n", "kept"),
        ("y = Abs(kept)\n", "kept"),
        ("most = Const([4.0, 4.0, 4.0])\ny = ClipByValue(kept, most, most)\n", "kept"),
        ("a = Relu(kept)\nto = Const([1, 3])\nb = Reshape(a, to)\ny = Maximum(number, b)\n", "kept"),
        ("y = Maximum(kept, vector)\n", "y"),
        ("y = Maximum(number, two)\n", "y"),
        ("y = Sqrt(kept)\n", "y"),
        ("y = Mul(kept, number)\n", "y"),
        ("y = Identity(kept)\n", "kept"),
    ],
)
def test_the_variance_before_it_is_clipped(lines: str, name: str) -> None:
    assert unclipped(graph(START + lines).node("y").output()).node.name == name


FUSED = "bn = FusedBatchNormV3(x, vector, vector, vector, vector)\n"
LIKE = {
    "a mean of squares": ("y = Mean(squares, axes)\n", True),
    "masked": ("m = Mul(squares, fed)\ny = Mean(m, axes)\n", True),
    "squares of half precision": ("c = Cast(squares)\ny = Mean(c, axes)\n", True),
    "a sum over a count": ("s = Sum(squares, axes)\ny = RealDiv(s, three)\n", True),
    "of a fused op": (FUSED + "y = Identity(bn:2)\n", True),
    "as a fused op keeps it": (FUSED + "y = Identity(bn:4)\n", True),
    "stored": ("y = Identity(kept)\n", True),
    "stored and clipped": ("y = Maximum(kept, number)\n", True),
    "blended": ("v = Mean(squares, axes)\na = Mul(v, number)\nb = Mul(kept, two)\ny = Add(a, b)\n", True),
    "chosen": ("v = Mean(squares, axes)\ny = Select(phase, kept, v)\n", True),
    "stored, blended with what is fed": ("y = Add(kept, fed)\n", True),
    "a sum of squares": ("y = Sum(squares, axes)\n", False),
    "a mean": ("y = Mean(x, axes)\n", False),
    "a mean of a weighted tensor": ("m = Mul(x, fed)\ny = Mean(m, axes)\n", False),
    "a mean of a sum of squares": ("m = Add(squares, fed)\ny = Mean(m, axes)\n", False),
    "the mean of a fused op": (FUSED + "y = Identity(bn:1)\n", False),
    "what a fused op normalizes": (FUSED + "y = Identity(bn)\n", False),
    "the second of another op": ("s = Split(x, number)\ny = Identity(s:2)\n", False),
    "fed": ("y = Identity(fed)\n", False),
    "a number": ("y = Identity(number)\n", False),
    "an activation": ("y = Softmax(x)\n", False),
    "stored, blended with an activation": ("s = Softmax(x)\ny = Add(kept, s)\n", False),
}


@pytest.mark.parametrize("case", LIKE)
def test_what_is_like_a_variance(case: str) -> None:
    lines, is_like = LIKE[case]
    written = graph(START + lines)
    assert is_variance_like(written.node("y").output(), Conditions(written)) is is_like
