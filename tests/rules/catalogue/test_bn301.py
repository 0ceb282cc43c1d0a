"""BN301 updates-not-run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import flatten
from bninspect.graphdef.reader import records
from bninspect.rules import Case, judge, select
from tests.batchnorm.training.test_updates import BOTH, CHOSEN, MEAN_STEP, STORED, TRAIN, VARIANCE_STEP
from tests.support.catching import checkpointed, found, not_run, of_checkpoint, of_fixture
from tests.support.parts import MOMENTS, report
from tests.support.text import graphdef

UPDATED = STORED + MOMENTS + CHOSEN + MEAN_STEP + VARIANCE_STEP + "head = Relu(y)\n"
WAITS = ", ^mean_update, ^variance_update"
VERSIONS = ("TensorFlow 1.4", "1.15", "TensorFlow 2 runs in inference mode")


@pytest.mark.parametrize("version", ["14", "115"])
def test_catches_updates_forgotten(version: str) -> None:
    (finding,) = of_checkpoint("BN301", f"unwired_{version}")
    assert finding.layer == "bn"
    assert finding.message == ("no train op runs the 2 update ops of its moving statistics (AssignSub)")
    assert finding.remedy is not None
    assert "UPDATE_OPS" in finding.remedy


@pytest.mark.parametrize(
    "case", ["untrainable_wired_115", "untrainable_unwired_115", "untrainable_unwired_14"]
)
def test_catches_what_is_not_trainable_and_says_what_that_means(case: str) -> None:
    """The wired one, too: 1.15 lists none of its updates."""
    (finding,) = of_checkpoint("BN301", case)
    assert all(version in finding.message for version in VERSIONS)
    assert finding.remedy is not None
    assert finding.remedy.startswith("trainable=True")


def test_catches_an_assigner_that_is_not_called() -> None:
    """Of the class whose averages stay behind variables that move."""
    (finding,) = of_checkpoint("BN301", "ewma_not_called_115")
    assert finding.message.startswith("no train op runs the 2 update ops ")
    assert finding.remedy is not None
    assert "ema.apply" in finding.remedy


def test_update_ops_that_list_one_call_of_two_are_enough() -> None:
    """A module of tensorflow-hub writes each layer twice, and lists the updates of the call that is used."""
    findings = of_fixture("BN301", "cases/updates_of_two_calls/model.ckpt-20.meta")
    assert findings
    for finding in findings:
        assert finding.message.endswith("; UPDATE_OPS lists 2 of them")
        assert finding.remedy is not None
        assert "tf.GraphKeys.UPDATE_OPS" in finding.remedy


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ((), ""),
        (("mean_update",), "; UPDATE_OPS lists 1 of them"),
        (("mean_update:0", "variance_update"), ""),
    ],
    ids=["none listed", "one", "both"],
)
def test_says_how_many_of_the_updates_are_listed(listed: tuple[str, ...], words: str) -> None:
    lines = records(graphdef(UPDATED + BOTH.replace(WAITS, "")).SerializeToString(), "text")
    collections = {**lines.collections, "update_ops": listed}
    (finding,) = judge(
        Case(report=inspect(flatten(replace(lines, collections=collections)))), select(["BN301"])
    ).findings
    start = "no train op runs the 2 update ops of its moving statistics (AssignSub)"
    assert finding.message == start + words
    assert ("tf.GraphKeys.UPDATE_OPS" in (finding.remedy or "")) is (len(listed) == 2)


def test_catches_a_variance_that_stays_while_the_mean_moves() -> None:
    (finding,) = found("BN301", UPDATED + BOTH.replace(WAITS, ", ^mean_update"))
    assert finding.message == ("no train op runs the update op of its moving statistics (AssignSub)")
    assert finding.node == "variance_update"


def test_catches_towers_that_share_their_statistics_once() -> None:
    tower = "\n".join(line for line in CHOSEN.splitlines() if not line.startswith("c_"))
    for name in ("widened", "root", "scale", "scaled", "shift", "offset", "y"):
        tower = re.sub(rf"\b{name}\b", f"{name}2", tower)
    updates = MEAN_STEP + VARIANCE_STEP + TRAIN.format(control="")
    told = report(STORED + MOMENTS + CHOSEN + tower + updates + "head = Relu(y)\nhead2 = Relu(y2)\n")
    assert [layer.updates for layer in told.layers] == ["unused", "unused"]
    (finding,) = judge(Case(report=told), select(["BN301"])).findings
    assert finding.layer == told.layers[0].name


def test_catches_a_switched_layer() -> None:
    assert of_fixture("BN301", "train_unwired.meta")


@pytest.mark.parametrize(
    "case",
    ["wired_14", "wired_115", "untrainable_wired_14", "switched_115", "ewma_called_115", "cond_ema_14",
     "cond_ema_115", "slim_14", "slim_115", "slim_forced_115", "slim_debiased_115"],
)  # fmt: skip
def test_does_not_catch_updates_that_run(case: str) -> None:
    assert not of_checkpoint("BN301", case)


@pytest.mark.parametrize("case", ["inference_14", "inference_untrainable_115"])
def test_does_not_catch_layers_without_updates(case: str) -> None:
    assert not of_checkpoint("BN301", case)


def test_does_not_catch_without_a_train_op_and_says_so() -> None:
    assert not found("BN301", UPDATED)
    assert not_run("BN301", Case(report=report(UPDATED))) == ["no train op in the graph"]
    assert not_run("BN301", checkpointed("restored_averages_115")) == ["no train op in the graph"]
