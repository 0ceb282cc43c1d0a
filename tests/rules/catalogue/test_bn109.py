"""BN109 shared-statistics."""

from __future__ import annotations

import pytest

from tests.batchnorm.training.test_updates import BOTH, MEAN_STEP, STORED as VARIABLES, VARIANCE_STEP
from tests.support.catching import caught, found, fused, of_fixture, replaced
from tests.support.parts import EMPTY, PHASE, STORED

KERNELS = """
w1 = Const([0.1, 0.2, 0.3])
w2 = Const([0.3, 0.2, 0.1])
"""
OTHER = "x2 = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
TRAINS = (
    (VARIABLES + OTHER + "none = Const([])\nhead = Relu(y)\n")
    + "y = FusedBatchNorm(x, gamma, beta, none, none)\n"
    + (MEAN_STEP + VARIANCE_STEP).replace("c_mean", "y:1").replace("c_variance", "y:2")
    + BOTH
)


def test_catches_two_towers() -> None:
    text = OTHER + fused() + fused("z", "x2") + "head = Add(y, z)\n"
    finding = caught("BN109", STORED + text)
    assert (finding.layer, finding.node) == ("y", "mean")
    assert "serves 2 layers with different inputs: y (x:0), z (x2:0)" in finding.message


@pytest.mark.parametrize("file", ["siamese.pb", "siamese_decomposed.pb", "called_twice.pb"])
def test_catches_a_layer_called_twice(file: str) -> None:
    assert len(of_fixture("BN109", file)) == 1


def test_catches_a_scope_that_was_reused_by_accident() -> None:
    """The weights between the two are other ones: this is no recurrence."""
    text = KERNELS + "a = Conv2D(x, w1)\n" + fused("y", "a") + "b = Conv2D(y, w2)\n" + fused("z", "b")
    assert found("BN109", STORED + text)


def test_does_not_catch_one_input() -> None:
    text = "a = Relu(x)\n" + fused("y", "a") + fused("z", "a") + "head = Add(y, z)\n"
    assert not found("BN109", STORED + text)


def test_does_not_catch_both_branches_of_a_conditional() -> None:
    text = PHASE + "s = Switch(x, phase)\na = Relu(s)\nb = Sigmoid(s:1)\n"
    text += fused("y", "a") + fused("z", "b") + "m = Merge(y, z)\nhead = Relu(m)\n"
    assert not found("BN109", STORED + text)


def test_does_not_catch_a_recurrence_written_out() -> None:
    text = KERNELS + "a = Conv2D(x, w1)\n" + fused("y", "a")
    text += "b = Conv2D(y, w1)\n" + fused("z", "b") + "c = Conv2D(z, w1)\n" + fused("u", "c")
    assert not found("BN109", STORED + text)


def test_does_not_catch_steps_of_one_sequence() -> None:
    text = KERNELS + "parts = Unpack(x, num=2)\na = Conv2D(parts, w1)\nb = Conv2D(parts:1, w1)\n"
    text += fused("y", "a") + fused("z", "b") + "head = Add(y, z)\n"
    assert not found("BN109", STORED + text)


def test_does_not_catch_initial_statistics() -> None:
    """An optimizer merges constants of equal value."""
    image = STORED.partition("gamma")[0]
    text = replaced(mean="[0.0, 0.0, 0.0]", variance="[1.0, 1.0, 1.0]") + OTHER
    assert not found("BN109", image + text + fused() + fused("z", "x2") + "head = Add(y, z)\n")


def test_does_not_catch_a_call_that_trains_and_one_that_evaluates() -> None:
    """Each runs in its own step; served together they are two layers of one set."""
    text = TRAINS + fused("z", "x2") + "score = Relu(z)\n"
    assert not found("BN109", text)
    finding = caught("BN109", text, deploy=True)
    assert "mean serves 2 layers with different inputs: y (x:0), z (x2:0)" in finding.message


def test_catches_two_calls_of_one_mode_in_a_training_graph() -> None:
    text = "x3 = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n" + fused("z", "x2") + fused("u", "x3")
    finding = caught("BN109", TRAINS + text + "score = Add(z, u)\n")
    assert finding.message.endswith("z (x2:0), u (x3:0)")


def test_does_not_catch_layers_without_moving_statistics() -> None:
    text = EMPTY + fused(mean="none", variance="none", training=True)
    text += fused("z", "y", mean="none", variance="none", training=True)
    assert not found("BN109", STORED + text)
