"""BN302 updates-missing."""

from __future__ import annotations

from bninspect.batchnorm import inspect
from bninspect.commands.check.one_model import Allowance, Settings, check
from bninspect.graph import load
from bninspect.rules import Case
from tests.batchnorm.training.test_updates import BOTH, CHOSEN, MEAN_STEP, STORED, TRAIN, VARIANCE_STEP
from tests.support.catching import caught, found, fused, not_run, of_checkpoint
from tests.support.parts import MOMENTS, report
from tests.support.places import FIXTURES

HEAD = "head = Relu(y)\n"
LEARN = TRAIN.format(control="")
SWITCHED = STORED + MOMENTS + CHOSEN + HEAD
BATCH_ONLY = STORED + "none = Const([])\ny = FusedBatchNorm(x, gamma, beta, none, none)\n" + HEAD


def test_catches_a_switched_layer_whose_statistics_nothing_updates() -> None:
    finding = caught("BN302", SWITCHED + LEARN)
    assert "nothing updates mean and variance" in finding.message


def test_catches_a_layer_that_keeps_no_statistics() -> None:
    """Said in place of BN102, which is of what is served."""
    finding = caught("BN302", BATCH_ONLY + LEARN)
    assert (finding.layer, finding.node) == ("y", "y")
    assert "no moving statistics are kept" in finding.message
    assert not found("BN102", BATCH_ONLY + LEARN)
    assert found("BN102", BATCH_ONLY + LEARN, deploy=True)


def test_does_not_catch_updates_whoever_runs_them() -> None:
    """Those that nobody runs are BN301's."""
    updates = MEAN_STEP + VARIANCE_STEP
    assert not found("BN302", SWITCHED + updates + BOTH)
    assert not found("BN302", SWITCHED + updates + LEARN)


def test_does_not_catch_frozen_layers() -> None:
    assert not found("BN302", STORED + fused() + HEAD + LEARN)
    for case in ("inference_14", "inference_115", "inference_untrainable_14", "inference_untrainable_115"):
        assert not of_checkpoint("BN302", case)


def test_does_not_catch_without_a_train_op_and_says_so() -> None:
    assert not found("BN302", SWITCHED)
    assert not_run("BN302", Case(report=report(SWITCHED))) == ["no train op in the graph"]
    frozen = Case(report=inspect(load(str(FIXTURES / "classic.pb"))))
    assert not_run("BN302", frozen) == ["no train op in the graph"]


def test_does_not_catch_what_is_allowed_with_a_reason() -> None:
    path = FIXTURES / "training" / "unwired_115" / "model.ckpt-20.meta"
    on_purpose = Allowance(code="BN301", layer="bn", reason="a GAN")
    result = check(Settings(path=str(path), allowances=(on_purpose,)))
    assert (result.found, result.allowed) == ((), (("BN301", "bn", "a GAN"),))
