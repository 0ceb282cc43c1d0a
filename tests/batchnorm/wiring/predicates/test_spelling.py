"""How a tensor is computed, as text: op by op, and where the text ends at a name."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring.predicates import spelling as spelling_module
from bninspect.batchnorm.wiring.predicates.spelling import spelling
from tests.support.text import graph

M = "m = Placeholder(dtype=int32, shape=[])\ntwo = Const(2)\n"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("q = Identity(m)", "m:0"),
        ("q = Const(2)", "Const int32 () 2"),
        ("q = Const([true, false])", "Const bool (2,) [True, False]"),
        ("q = Const([])", "q:0"),
        (f"q = Const({[1] * 64})", f"Const int32 (64,) {[1] * 64}"),
        (f"q = Const({[1] * 65})", "q:0"),
        ("q = FloorMod(m, two)", "m:0\nConst int32 () 2\nFloorMod  0 1"),
        ("i = Identity(m)\nq = Sub(two, i)", "Const int32 () 2\nm:0\nSub  0 1"),
        ("q = Mul(m, m)", "m:0\nMul  0 0"),
        ("q = Cast(m, SrcT=int32, DstT=float)", "m:0\nCast float 0"),
        ("also = Const(2)\nr = Mod(m, two)\ns = Mod(m, also)\nq = Equal(r, s)",
         "m:0\nConst int32 () 2\nMod  0 1\nEqual  2 2"),
        ("q = AssignAdd(m, two)", "q:0"),
        ("q = AssignSub(m, two)", "q:0"),
        ("r = AssignAdd(m, two)\nq = FloorMod(r, two)", "r:0\nConst int32 () 2\nFloorMod  0 1"),
        ("q = Relu(m)", "q:0"),
    ],
)  # fmt: skip
def test_the_text(lines: str, text: str) -> None:
    assert spelling(graph(M + lines).nodes[-1].output()) == text


def test_another_output_than_the_first_is_known_by_its_name() -> None:
    node = graph(M + "q = FloorMod(m, two)").node("q")
    assert spelling(node.output(1)) == "q:1"


def test_what_is_computed_from_itself_ends_at_its_name() -> None:
    assert spelling(graph(M + "a = Mul(m, b)\nb = Neg(a)\n").node("b").output()) == "m:0\na:0\nNeg  1"


@pytest.mark.parametrize(
    ("most", "text"),
    [(1, "q:0"), (2, "b:0\nNeg  0"), (3, "a:0\nNeg  0\nNeg  1"), (4, "m:0\nNeg  0\nNeg  1\nNeg  2")],
)
def test_more_than_anybody_writes_ends_at_a_name(
    most: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spelling_module, "_MOST_TENSORS", most)
    assert spelling(graph(M + "a = Neg(m)\nb = Neg(a)\nq = Neg(b)\n").nodes[-1].output()) == text
