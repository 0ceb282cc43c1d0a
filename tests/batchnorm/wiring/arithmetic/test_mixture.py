"""Two modes of one x that are added up or laid side by side: said where they meet, and only there."""

from __future__ import annotations

import pytest

from tests.support.parts import EMPTY, STORED, reasons, report

HEAD = (
    STORED + EMPTY + "fed = Placeholder(dtype=float, shape=[])\none = Const(1.0)\n" + "rest = Sub(one, fed)\n"
)
TRAIN = "a = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)\n"
INFER = "b = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
SUM = "p = Mul(fed, a)\nq = Mul(rest, b)\ny = AddV2(p, q)\nhead = Relu(y)\n"
ADDED = (
    "{} adds up training mode (a) and inference mode (b) of one x, "
    "weighted by numbers that are not known to be 0 or 1"
)
LAID = (
    "{} lays training mode (a) and inference mode (b) of one x side by side, "
    "and no predicate is found that picks one of them"
)
MEETING = {
    "a weighted sum": (SUM, ADDED.format("AddV2 y")),
    "through an Identity": (
        SUM.replace("AddV2(p,", "AddV2(i,") + "i = Identity(p)\n",
        ADDED.format("AddV2 y"),
    ),
    "a difference": ("y = Sub(a, b)\nhead = Relu(y)\n", ADDED.format("Sub y")),
    "the sum itself an output": (SUM.replace("head = Relu(y)\n", ""), ADDED.format("AddV2 y")),
    "the nearest of two sums": (SUM + "z = AddV2(y, one)\n", ADDED.format("AddV2 y")),
    "a stack that is read": (
        "y = Pack(a, b)\nhead = Relu(y)\n",
        LAID.format("Pack y"),
    ),
    "a stack that is read behind an Identity": (
        "y = Pack(a, b)\nhanded = Identity(y)\nhead = Relu(handed)\n",
        LAID.format("Pack y"),
    ),
}
APART = {
    "a product": "y = Mul(a, b)\nhead = Relu(y)\n",
    "a stack that is handed on": "y = Pack(a, b)\nhanded = Identity(y)\n",
    "a stack that is an output": "y = Pack(a, b)\n",
    "one of them is read elsewhere": SUM + "also = Relu(b)\n",
    "sums of their own": "p = AddV2(a, one)\nq = AddV2(b, one)\n",
    "neither is read": "",
    "one of them is read by nothing": "p = AddV2(a, x)\ny = AddV2(p, one)\n",
}


@pytest.mark.parametrize("end", MEETING)
@pytest.mark.parametrize("both", [TRAIN + INFER, INFER + TRAIN], ids=["training first", "inference first"])
def test_where_they_meet(end: str, both: str) -> None:
    lines, reason = MEETING[end]
    assert reasons(HEAD + both + lines) == [reason]


@pytest.mark.parametrize("end", APART)
def test_what_does_not_meet_is_two_layers(end: str) -> None:
    found = report(HEAD + TRAIN + INFER + APART[end])
    assert found.unrecognised == ()
    assert sorted(layer.mode.value for layer in found.layers) == ["inference", "training"]


def test_of_another_x_they_are_two_layers() -> None:
    other = "z = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\nother = Const([3.0, 2.0, 1.0])\n"
    found = report(HEAD + other + TRAIN.replace("(x, gamma", "(z, other") + INFER + SUM)
    assert [layer.mode.value for layer in found.layers] == ["training", "inference"]
    assert found.unrecognised == ()


def test_a_layer_of_each_mode_alone_and_a_pair_beside_it() -> None:
    """The second training site of one x is the one that meets the inference site."""
    alone = (
        "other = Const([3.0, 2.0, 1.0])\nc = FusedBatchNormV3(x, other, beta, none, none, is_training=true)\n"
    )
    found = report(HEAD + alone + TRAIN + INFER + "apart = Relu(c)\n" + SUM)
    assert [layer.output.name for layer in found.layers] == ["c:0"]
    assert [unrecognised.reason for unrecognised in found.unrecognised] == [ADDED.format("AddV2 y")]


@pytest.mark.parametrize(("many", "met"), [(3, True), (40, False)])
def test_a_meeting_far_away_is_none(many: int, met: bool) -> None:
    """Each side comes there through so many steps of its own."""
    rows = []
    for side in ("a", "b"):
        rows += [f"{side}{at} = Mul(fed, {side if at == 0 else f'{side}{at - 1}'})\n" for at in range(many)]
    end = f"y = AddV2(a{many - 1}, b{many - 1})\nhead = Relu(y)\n"
    assert bool(report(HEAD + TRAIN + INFER + "".join(rows) + end).unrecognised) is met
