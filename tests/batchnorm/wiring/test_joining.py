"""The nodes behind a layer's output at which something may be chosen: how far on, and through what."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.wiring import joining as joining_module
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.joining import Joins
from tests.support.parts import STORED
from tests.support.text import graph

LAYER = (
    STORED
    + "p = Placeholder(dtype=bool)\nother = Neg(x)\nto = Const([1, 2])\nzero = Const(0)\n"
    + "y = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
)
WEIGHED = "w = Cast(p, SrcT=bool, DstT=float)\none = Const(1.0)\nrest = Sub(one, w)\n"


def behind(lines: str) -> str:
    """The names of the nodes behind the layer, nearest first."""
    nodes = graph(LAYER + lines)
    (layer,) = (one for one in inspect(nodes).layers if one.op == "FusedBatchNormV3")
    joins = Joins(nodes, Conditions(nodes))
    (site,) = {branch.site for branch in layer.wiring.branches if branch.node.name == "y"}
    assert joins.behind(site) is joins.behind(site)
    return " ".join(node.name for node in joins.behind(site))


BEHIND = {
    "nothing": ("z = Neg(y)", ""),
    "a Select": ("z = Select(p, y, other)", "z"),
    "a Select, on its other side": ("z = Select(p, other, y)", "z"),
    "a Merge by which nothing is chosen": ("z = Merge(y, other)", "z"),
    "one behind the other": ("a = Select(p, y, other)\nz = Select(p, other, a)", "a z"),
    "what is made of a choice": ("a = Select(p, y, other)\nb = Neg(a)\nz = Select(p, b, other)", "a"),
    "what hands it on": ("a = Identity(y)\nz = Select(p, a, other)", "z"),
    "laid out anew": ("a = Reshape(y, to)\nz = Select(p, a, other)", "z"),
    "cast": ("a = Cast(y)\nz = Select(p, a, other)", "z"),
    "a shape": ("a = Reshape(x, y)\nz = Select(p, a, other)", ""),
    "what something else is made of": ("a = Relu(y)\nz = Select(p, a, other)", ""),
    "both outputs of a Switch": (
        "s = Switch(y, p)\na = Select(p, s, other)\nz = Select(p, s:1, other)",
        "a z",
    ),
    "another output of what chooses": ("a = Merge(y, other)\nz = Select(p, a:1, other)", "a"),
    "a stack": ("a = Pack(y, other)\nz = Select(p, a, other)", "z"),
    "a stack, on its other side": ("a = Pack(other, y)\nz = Select(p, a, other)", "z"),
    "a sum, where no boolean is a number": ("a = AddV2(y, other)\nz = Select(p, a, other)", ""),
    "a sum, where one is": (WEIGHED + "a = AddV2(y, other)\nz = Select(p, a, other)", "z"),
    "a convolution, where one is": (WEIGHED + "a = Conv2D(y, w)\nz = Select(p, a, other)", ""),
    "a blend": (WEIGHED + "a = Mul(w, y)\nb = Mul(rest, other)\nz = AddV2(a, b)", "z"),
    "a pick": (WEIGHED + "i = Cast(p, SrcT=bool, DstT=int32)\na = Pack(y, other)\nz = Gather(a, i)", "z"),
}  # fmt: skip


@pytest.mark.parametrize("case", BEHIND)
def test_where_something_may_be_chosen(case: str) -> None:
    lines, expected = BEHIND[case]
    assert behind(lines + "\n") == expected


@pytest.mark.parametrize(
    ("steps", "is_met"), [("mmm", True), ("mmmm", False), ("mmmimmm", True), ("mmmimmmm", False)]
)
def test_a_term_comes_through_three_sums_and_products(steps: str, is_met: bool) -> None:
    """The count begins anew where it is handed on."""
    rows = [
        f"a{at} = {'Neg' if step == 'm' else 'Identity'}({f'a{at - 1}' if at else 'y'})\n"
        for at, step in enumerate(steps)
    ]
    found = behind(WEIGHED + "".join(rows) + f"z = Select(p, a{len(steps) - 1}, other)\n")
    assert found == ("z" if is_met else "")


@pytest.mark.parametrize(("most", "expected"), [(1, "a"), (2, "a b"), (3, "a b z")])
def test_no_further_than_anybody_looks(most: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining_module, "_MOST_ONWARD", most)
    lines = "a = Select(p, y, other)\nb = Select(p, a, other)\nz = Select(p, b, other)\n"
    assert behind(lines) == expected
