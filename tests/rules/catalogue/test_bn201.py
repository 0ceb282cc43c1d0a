"""BN201 statistics-never-updated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode
from bninspect.rules import Case, judge, select
from bninspect.statistics.pooling import ImageMoments
from tests.support.catching import caught, found, fused, of_checkpoint, replaced
from tests.support.parts import IMAGE, PHASE, STORED, fused_cond
from tests.support.probes import probe, probed, rewritable
from tests.support.probing import never, outcome
from tests.support.reports import INITIAL as INITIAL_3, layer, phase, predicate, report as made

ZEROS, ONES = "[0.0, 0.0, 0.0]", "[1.0, 1.0, 1.0]"
INITIAL = IMAGE + replaced(mean=ZEROS, variance=ONES)


def test_catches_zero_and_one() -> None:
    finding = caught("BN201", INITIAL + fused())
    assert (finding.layer, finding.node) == ("y", "mean")
    assert "(mean 0, variance 1) in 3 channels" in finding.message
    assert "gamma/sqrt(1 + 0.001)" in finding.message


def test_catches_zero_and_zero() -> None:
    finding = caught("BN201", IMAGE + replaced(mean=ZEROS, variance=ZEROS) + fused())
    assert finding.message.endswith("gamma/sqrt(0.001)")


def test_an_epsilon_that_is_not_known_counts_as_0() -> None:
    case = Case(report=made(layer("a", statistics=INITIAL_3, epsilon=None)))
    with rewritable(case.report):
        (finding,) = judge(case, select(["BN201"])).findings
    assert finding.message.endswith("inference only multiplies by gamma/sqrt(1 + 0)")


@pytest.mark.parametrize(
    ("updates", "mode", "frozen"),
    [
        ("none", Mode.INFERENCE, True),
        ("none", None, False),
        (None, Mode.INFERENCE, False),
        ("unused", Mode.INFERENCE, False),
        ("run", None, False),
    ],
    ids=["trained on them", "trained on its batch", "not in training", "updates not run", "updated"],
)
def test_a_layer_that_was_trained_on_its_initial_statistics_is_not_refreshed(
    updates: str | None, mode: Mode | None, frozen: bool
) -> None:
    """A second one beside it, which is initial as well, can be."""
    decided = predicate(phase())
    one = layer("a", decided=decided, mode=mode, statistics=INITIAL_3, updates=updates)
    case = Case(report=made(one, layer("b", decided=decided, statistics=INITIAL_3)))
    with rewritable(case.report):
        first, second = judge(case, select(["BN201"])).findings
    assert ("training (training=False) and inference only multiply" in first.message) is frozen
    assert (first.remedy or "").startswith("train with" if frozen else "bninspect refresh model.pb --output")
    assert ("--layer b" in (second.remedy or "")) is frozen
    assert "--layer a" not in (second.remedy or "")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"score": 0.75, "verdict": "error"}, "own score 0.75"),
        ({"score": 0.75, "verdict": "inconclusive", "mean_w2": 4.0}, "W 2"),
    ],
    ids=["decided", "of too few images"],
)
def test_measured_statistics_stand_beside_it(own: dict[str, Any], words: str) -> None:
    """Of the channel whose values are largest; one that is not finite is none."""
    one = probed("bn", 0, stored=never)
    assert one.own is not None
    assert one.own.staleness is not None
    means = np.zeros((4, 16))
    means[:, 5], means[:, 7], means[:, 9] = 3.0, -2.0, np.nan
    variance = np.full((4, 16), 0.25)
    variance[:, 7], variance[:, 9] = 16.0, np.nan
    moments = ImageMoments.of(means, variance, 196)
    staleness = replace(one.own.staleness, **own)
    one = replace(one, own=replace(one.own, moments=moments, staleness=staleness))
    (finding,) = outcome("BN201", probe(one)).findings
    assert finding.evidence == (
        f"{words}: what channel 7 normalizes has mean -2 and standard deviation 4; {finding.message}"
    )


def test_catches_a_switched_layer() -> None:
    assert found("BN201", INITIAL + PHASE + fused_cond("phase"))


def test_catches_a_layer_in_training_mode_among_others() -> None:
    text = "mean2 = Const([1.0, 2.0, 3.0])\n" + fused(training=True) + fused("z", "y", "mean2")
    assert caught("BN201", INITIAL + text).layer == "y"


def test_every_layer_that_reads_them_is_named() -> None:
    """Optimizers merge constants of equal value: two layers may read one."""
    findings = found("BN201", INITIAL + fused() + fused("z", "y"))
    assert [(finding.layer, finding.node) for finding in findings] == [("y", "mean"), ("z", "mean")]


@pytest.mark.parametrize("changed", [{"mean": "[0.0, 0.0, 0.001]"}, {"variance": "[1.0, 1.0, 0.999]"}])
def test_does_not_catch_one_channel_that_moved(changed: dict[str, str]) -> None:
    values = {"mean": ZEROS, "variance": ONES, **changed}
    assert not found("BN201", IMAGE + replaced(**values) + fused())


@pytest.mark.parametrize("version", ["14", "115"])
def test_a_layer_that_trains_on_them_is_told_so(version: str) -> None:
    """No update ops exist there, and statistics of images would be new to its weights."""
    (finding,) = of_checkpoint("BN201", f"inference_{version}")
    assert "training (training=False) and inference only multiply by gamma/sqrt(1 + 0.001)" in finding.message
    assert finding.remedy is not None
    assert finding.remedy.startswith("train with training=True")
    assert "refresh" not in finding.remedy


def test_does_not_catch_gamma_0() -> None:
    """The last norm of a residual branch starts so, and gives beta whatever its statistics are."""
    text = replaced(mean=ZEROS, variance=ONES, gamma=ZEROS)
    assert not found("BN201", IMAGE + text + fused())


def test_does_not_catch_a_model_of_batch_statistics() -> None:
    text = fused(training=True) + fused("z", "y", training=True)
    assert not found("BN201", INITIAL + text)


def test_does_not_catch_stored_statistics() -> None:
    assert not found("BN201", STORED + fused())


def test_catches_what_others_have_learned_where_all_train() -> None:
    """One layer has been updated: the others should have been, too."""
    text = "mean2 = Const([1.0, 2.0, 3.0])\n" + fused(training=True)
    text += fused("z", "y", "mean2", training=True)
    assert caught("BN201", INITIAL + text).layer == "y"
