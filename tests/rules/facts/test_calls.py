"""Several calls with one set of statistics: steps of one loop written out, or uses that may disagree."""

from __future__ import annotations

import pytest

from bninspect.rules.facts.calls import unrolled
from tests.support.catching import fused
from tests.support.parts import PARAMETERS, report

PIECES = """
x = Placeholder(dtype=float, shape=[-1, 2, 3])
axis = Const(1)
other = Placeholder(dtype=float, shape=[-1, 3])
"""
WEIGHTS = "k = VariableV2(dtype=float, shape=[3, 3])\nl = VariableV2(dtype=float, shape=[3, 3])\n"


@pytest.mark.parametrize(
    ("lines", "first", "second", "expected"),
    [
        ("p = Unpack(x, num=2)\n", "p", "p:1", True),
        ("p = Split(axis, x)\n", "p", "p:1", True),
        ("p = SplitV(x, axis, axis)\nq = Relu(p)\nr = Relu(p:1)\n", "q", "r", True),
        ("p = Unpack(x, num=2)\nq = Unpack(other, num=2)\n", "p", "q", False),
        ("p = Unpack(x, num=2)\n", "p", "other", False),
        ("p = Relu(x)\n", "p", "other", False),
        ("p = MatMul(other, k)\nq = MatMul(y, k)\n", "p", "q", True),
        ("p = MatMul(other, k)\nq = MatMul(y, l)\n", "p", "q", False),
        ("p = MatMul(other, k)\nq = MatMul(other, k)\n", "p", "q", False),
    ],
)
def test_calls_are_one_loop_by_their_x_and_its_weights(
    lines: str, first: str, second: str, expected: bool
) -> None:
    text = PIECES + PARAMETERS + WEIGHTS + lines + fused(x=first) + fused(name="z", x=second)
    assert unrolled(report(text).layers) == expected
