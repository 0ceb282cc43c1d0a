"""BN108 outputs-update-statistics."""

from __future__ import annotations

import pytest

from bninspect.rules.catalogue import bn108
from tests.support.catching import caught, found, fused, of_fixture
from tests.support.parts import IMAGE, MOMENTS, PARAMETERS, PHASE, fused_cond

VARIABLES = PARAMETERS.replace(
    "mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(dtype=float, shape=[3])"
).replace("variance = Const([1.5, 2.5, 0.5])", "variance = VariableV2(dtype=float, shape=[3])")
UPDATE = """
gap = Sub(mean, {batch})
rate = Const(0.01)
step = Mul(gap, rate)
update = AssignSub({variable}, step{control})
"""
STORED = IMAGE + VARIABLES
HEAD = "head = Identity(y, ^update)\n"


def test_catches_a_layer_that_trains() -> None:
    text = fused(training=True) + UPDATE.format(batch="y:1", variable="mean", control="") + HEAD
    finding = caught("BN108", STORED + text)
    assert (finding.layer, finding.node) == ("y", "update")
    assert "1 op that change" in finding.message


def test_catches_a_served_training_call() -> None:
    (finding,) = of_fixture("BN108", "saved_training")
    assert "2 ops" in finding.message


def test_catches_an_update_beside_inference() -> None:
    text = MOMENTS + fused() + UPDATE.format(batch="batch_mean", variable="mean", control="") + HEAD
    assert found("BN108", STORED + text)


def test_catches_an_update_whatever_the_switch_says() -> None:
    text = PHASE + MOMENTS + fused_cond("phase")
    text += UPDATE.format(batch="batch_mean", variable="mean", control="") + HEAD
    assert found("BN108", STORED + text)


def test_does_not_catch_an_update_in_the_training_branch() -> None:
    text = PHASE + fused_cond("phase") + "s = Switch(phase, phase)\npivot = Identity(s:1)\n"
    text += UPDATE.format(batch="y_train:1", variable="mean", control=", ^pivot")
    text += "merged = Merge(y, update)\nhead = Identity(merged)\n"
    assert not found("BN108", STORED + text)


def test_does_not_catch_an_update_by_what_the_switch_chose() -> None:
    """Keras assigns after the conditional; in inference it assigns what is there already."""
    text = PHASE + fused_cond("phase") + "chosen = Merge(y_infer:1, y_train:1)\n"
    text += UPDATE.format(batch="chosen", variable="mean", control="") + HEAD
    assert not found("BN108", STORED + text)


BLEND = """
on = Cast(phase, SrcT=bool, DstT=float)
one = Const(1.0)
off = Sub(one, on)
new = Mul(on, y_train:1)
old = Mul(off, y_infer:1)
chosen = Add(new, old)
"""


@pytest.mark.parametrize(
    "chosen",
    [BLEND, "chosen = Select(phase, y_train:1, y_infer:1)\n", "chosen = Merge(y_infer:1)\n"],
    ids=["blended", "selected", "merged alone"],
)
def test_does_not_catch_an_update_by_what_is_chosen(chosen: str) -> None:
    text = PHASE + fused_cond("phase") + chosen
    text += UPDATE.format(batch="chosen", variable="mean", control="") + HEAD
    assert not found("BN108", STORED + text)


@pytest.mark.parametrize(
    ("chosen", "caught_so"),
    [
        (BLEND, False),
        ("mask = GreaterEqual(y_train:1, mean)\nchosen = Select(mask, y_train:1, mean)\n", False),
        ("chosen = Identity(y_train:1)\n", True),
    ],
    ids=["blended", "selected channel by channel", "as it is"],
)
def test_a_blend_of_both_branches_makes_an_update_harmless(chosen: str, caught_so: bool) -> None:
    """Both run, whatever is fed: nothing but the blend is conditional."""
    text = (
        PHASE + fused("y_infer") + fused("y_train", training=True) + "y = Select(phase, y_train, y_infer)\n"
    )
    text += chosen + UPDATE.format(batch="chosen", variable="mean", control="") + HEAD
    assert bool(found("BN108", STORED + text)) is caught_so


def test_catches_a_conditional_update_of_a_layer_that_always_trains() -> None:
    text = PHASE + fused(training=True) + "s = Switch(phase, phase)\npivot = Identity(s:1)\n"
    text += UPDATE.format(batch="y:1", variable="mean", control=", ^pivot")
    text += "merged = Merge(y, update)\nhead = Identity(merged)\n"
    assert caught("BN108", STORED + text).layer == "y"


@pytest.mark.parametrize(
    ("command", "remedy"),
    [("bninspect strip", "bninspect strip"), (None, "export a call with training=False")],
)
def test_strip_is_the_remedy_else_another_call(
    command: str | None, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bn108, "strip_command", lambda case: command)
    text = fused(training=True) + UPDATE.format(batch="y:1", variable="mean", control="") + HEAD
    assert caught("BN108", STORED + text).remedy == remedy


def test_does_not_catch_updates_beside_the_outputs() -> None:
    text = fused(training=True) + UPDATE.format(batch="y:1", variable="mean", control="")
    assert not found("BN108", STORED + text + "head = Relu(y)\n")


def test_does_not_catch_another_variable() -> None:
    text = "count = VariableV2(dtype=float, shape=[3])\n" + fused()
    text += UPDATE.format(batch="count", variable="count", control="") + HEAD
    assert not found("BN108", STORED + text)


def test_does_not_catch_training_graphs() -> None:
    for file in ("ewma.meta", "train.meta", "train_fixed.meta"):
        assert not of_fixture("BN108", file)
