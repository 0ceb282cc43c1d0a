"""Several calls with one set of statistics: those that never run together, steps of one loop written out, or
uses that may disagree.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bninspect.rules.facts.calls import alternatives, unrolled
from tests.support.catching import fused
from tests.support.parts import PARAMETERS, report

IF_P, IF_NOT_P = ("p", True), ("p", False)
IF_Q, IF_NOT_Q = ("q", True), ("q", False)


@pytest.mark.parametrize(
    ("contexts", "expected"),
    [
        ([{IF_P}, {IF_NOT_P}], True),
        ([{IF_NOT_P}, {IF_P}], True),
        ([{IF_P}, {IF_P}], False),
        ([{IF_P}, {IF_NOT_Q}], False),
        ([set(), set()], False),
        ([{IF_P}, set()], False),
        ([{IF_P}], True),
        ([{IF_P}, {IF_NOT_P, IF_Q}, {IF_NOT_P, IF_NOT_Q}], True),
        ([{IF_P}, {IF_NOT_P}, {IF_P, IF_Q}], False),
        ([{IF_P}, {IF_P}, {IF_NOT_P}], False),
        ([{IF_NOT_P}, {IF_P}, {IF_P}], False),
    ],
    ids=["if and else", "else and if", "one branch twice", "two conditions", "always", "one always",
         "one call", "nested", "first and last together", "first two together", "last two together"],
)  # fmt: skip
def test_calls_are_alternatives_if_no_two_run_in_one_pass(contexts: list[Any], expected: bool) -> None:
    calls: Any = [SimpleNamespace(output=SimpleNamespace(node=index)) for index in range(len(contexts))]
    conditions: Any = SimpleNamespace(of=lambda node: contexts[node])
    assert alternatives(calls, conditions) is expected


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
        ("p = MatMul(other, k)\nq = MatMul(other, k, ^y)\n", "p", "q", False),
        ("p = Unpack(x, num=2)\nq = MatMul(p, k)\nr = MatMul(p:1, k)\n", "q", "r", True),
        ("p = Unpack()\nq = Unpack()\n", "p", "q", False),
        ("p = Cast(x)\ns = Split(axis, p)\nt = Unpack(x, num=2)\n", "s", "t", True),
        ("p = Gather(x, axis)\nq = GatherV2(x, axis)\n", "p", "q", True),
    ],
    ids=["unpacked", "split", "split in sizes", "of two tensors", "one unpacked", "none unpacked",
         "from the step before", "by other weights", "side by side", "only after it",
         "weighed parts of one tensor", "parts of none", "cast", "gathered"],
)  # fmt: skip
def test_calls_are_one_loop_by_their_x_and_its_weights(
    lines: str, first: str, second: str, expected: bool
) -> None:
    text = PIECES + PARAMETERS + WEIGHTS + lines + fused(x=first) + fused(name="z", x=second)
    assert unrolled(report(text).layers) is expected
