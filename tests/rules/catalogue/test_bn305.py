"""BN305 two-copies-of-statistics."""

from __future__ import annotations

import pytest

from tests.batchnorm.training.test_updates import RESOURCES, STORED, TRAIN
from tests.support.catching import caught, found, fused, of_checkpoint
from tests.support.parts import fused_cond

AVERAGED = """
old = Identity(mean)
shadow = VariableV2(dtype=float, shape=[3])
shadow_old = Identity(shadow)
gap = Sub(shadow_old, old)
rate = Const(0.001)
step = Mul(gap, rate)
average = AssignSub(shadow, step)
"""
LEARN = TRAIN.format(control="")


def test_catches_averages_of_the_moving_statistics() -> None:
    (finding,) = of_checkpoint("BN305", "averages_115")
    assert (finding.layer, finding.node) == ("bn", "bn/moving_mean/ExponentialMovingAverage")
    assert "moving mean and moving variance are kept twice" in finding.message
    assert "bn/moving_variance/ExponentialMovingAverage" in finding.message


def test_catches_one_of_two_whatever_it_is_called() -> None:
    finding = caught("BN305", STORED + fused() + AVERAGED + LEARN)
    assert finding.message.startswith("moving mean is kept twice, raw and averaged once more (shadow)")


def test_catches_resource_variables() -> None:
    text = AVERAGED.replace("old = Identity(mean)\nshadow = VariableV2", "shadow = VarHandleOp")
    text = text.replace("Identity(shadow)", "ReadVariableOp(shadow)").replace(
        "AssignSub(", "AssignSubVariableOp("
    )
    layer = fused(mean="old", variance="stored")
    assert caught("BN305", RESOURCES + layer + text + LEARN).node == "shadow"


def test_catches_calls_that_share_their_statistics_once() -> None:
    assert caught("BN305", STORED + fused() + fused("z", "y") + AVERAGED + LEARN).layer == "y"


@pytest.mark.parametrize(
    "case",
    ["wired_115", "ewma_called_115", "ewma_not_called_115", "cond_ema_14", "cond_ema_115",
     "slim_debiased_115", "slim_115"],
)  # fmt: skip
def test_does_not_catch_the_one_average_that_a_layer_keeps(case: str) -> None:
    """In a shadow variable, too; and zero_debias keeps an average behind the moving mean."""
    assert not of_checkpoint("BN305", case)


def test_does_not_catch_averages_of_other_variables() -> None:
    text = AVERAGED.replace("Identity(mean)", "Identity(gamma)")
    gamma = STORED.replace("gamma = Const([1.5, 2.0, 0.5])", "gamma = VariableV2(dtype=float, shape=[3])")
    assert not found("BN305", gamma + fused() + text + LEARN)


def test_does_not_catch_a_backup() -> None:
    """A plain copy is no average."""
    copy = "old = Identity(mean)\nkept = VariableV2(dtype=float, shape=[3])\ncopied = Assign(kept, old)\n"
    assert not found("BN305", STORED + fused_cond("phase") + copy + LEARN)
