"""Calls of one layer: those that never run together, and those that one loop is made of."""

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


HEAD = "x = Placeholder(dtype=float, shape=[-1, 2, 3])\nother = Placeholder(dtype=float, shape=[-1, 3])\n"
WEIGHTS = "k = VariableV2(dtype=float, shape=[3, 3])\naxis = Const(1)\n"


@pytest.mark.parametrize(
    ("lines", "first", "second", "expected"),
    [
        ("p = MatMul(other, k)\nq = MatMul(y, k)\n", "p", "q", True),
        ("p = MatMul(other, k)\nq = MatMul(other, k, ^y)\n", "p", "q", False),
        ("p = Unpack(x, num=2)\nq = MatMul(p, k)\nr = MatMul(p:1, k)\n", "q", "r", True),
        ("p = Unpack()\nq = Unpack()\n", "p", "q", False),
        ("p = Cast(x)\ns = Split(axis, p)\nt = Unpack(x, num=2)\n", "s", "t", True),
        ("p = Gather(x, axis)\nq = GatherV2(x, axis)\n", "p", "q", True),
    ],
    ids=["from the step before", "only after it", "parts of one tensor", "parts of none", "cast", "gathered"],
)
def test_steps_of_a_loop_follow_from_each_other_or_from_one_tensor(
    lines: str, first: str, second: str, expected: bool
) -> None:
    text = HEAD + PARAMETERS + WEIGHTS + lines + fused(x=first) + fused(name="z", x=second)
    assert unrolled(report(text).layers) is expected
