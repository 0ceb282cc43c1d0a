"""BN107 update-of-a-constant."""

from __future__ import annotations

import pytest

from tests.support.catching import caught, found, fused, of_fixture
from tests.support.parts import MOMENTS, PHASE, STORED
from tests.support.places import FIXTURES

BLEND = """
half = Const(0.5)
a = Mul(batch_variance, half)
b = Mul(variance, half)
c = Add(a, b)
r = Rsqrt(c)
d = Sub(x, batch_mean)
y = Mul(d, r)
"""
"""Half the batch's variance and half the stored one: undecided, whatever is fed."""


def test_catches_an_op_that_nothing_reaches() -> None:
    finding = caught("BN107", STORED + fused() + "late = AssignSub(mean, beta)\n")
    assert (finding.layer, finding.node) == ("y", "late")
    assert "(mean): TensorFlow refuses the file; strip removes these ops" in finding.message
    assert finding.remedy == "bninspect strip text -o text.serving.pb"


def test_catches_a_ref_switch() -> None:
    assert caught("BN107", STORED + PHASE + fused() + "late = RefSwitch(mean, phase)\n").node == "late"


def test_catches_a_resource_op() -> None:
    assert caught("BN107", STORED + fused() + "late = AssignVariableOp(variance, beta)\n").node == "late"


def test_catches_a_constant_that_is_no_layers() -> None:
    text = "step = Const(1.0)\nlate = AssignAdd(step, step)\n"
    assert caught("BN107", STORED + fused() + text).layer is None


def test_one_layer_is_one_finding() -> None:
    (finding,) = of_fixture("BN107", "cond_ema_14.pb")
    assert "4 ops (AssignSub, RefSwitch)" in finding.message
    assert len(of_fixture("BN107", "tfkeras_if_assign.pb")) == 2


@pytest.mark.parametrize("file", ["ewma_training.pb", "keras3_training_assign.pb"])
def test_strip_is_the_fix_where_the_update_ties_statistics_to_the_layer(file: str) -> None:
    finding = of_fixture("BN107", file)[0]
    assert finding.message.endswith("TensorFlow refuses the file; strip removes these ops")
    model = FIXTURES / file
    assert finding.remedy == f"bninspect strip {model} -o {model.with_suffix('.serving.pb')}"


def test_of_a_model_without_statistics_strip_takes_it_out_in_training_mode() -> None:
    """As where spectral normalization assigns its vector in the graph that is frozen."""
    finding = of_fixture("BN107", "cases/assign_beside_training.pb")[0]
    assert finding.message.endswith("strip removes these ops and leaves the layers in training mode")
    model = FIXTURES / "cases" / "assign_beside_training.pb"
    assert finding.remedy == (
        f"bninspect strip {model} --mode training -o {model.with_suffix('.training.pb')}"
    )


def test_says_where_strip_cannot_do_it() -> None:
    finding = caught("BN107", STORED + MOMENTS + BLEND + "late = AssignSub(mean, beta)\n")
    assert "strip cannot remove them: what y is could not be decided" in finding.message
    assert finding.remedy == "freeze a graph built without these updates"


def test_does_not_catch_a_variable() -> None:
    text = "v = VariableV2(dtype=float, shape=[3])\nlate = AssignSub(v, beta)\n"
    assert not found("BN107", STORED + fused() + text)


def test_does_not_catch_a_switch_of_a_constant() -> None:
    assert not found("BN107", STORED + PHASE + fused() + "s = Switch(mean, phase)\n")


def test_does_not_catch_a_function_that_nothing_calls() -> None:
    text = "def unused(v) -> r=o:output:0\n    a = AssignSubVariableOp(v, v)\n    o = Identity(v)\n"
    assert not found("BN107", STORED + fused() + text)
