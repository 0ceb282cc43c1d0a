"""BN401 batch-dependent-output."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.rules import Severity
from bninspect.rules.catalogue.bn401 import _FIND
from tests.support.probes import net, probe, probed
from tests.support.probing import DRAWN, MOVED, STILL, companions, outcome, reason


def test_catches_an_output_that_moves() -> None:
    (finding,) = outcome("BN401", probe(*net(), companions=companions(STILL, MOVED))).findings
    assert finding.severity is Severity.ERROR
    assert "logits:0 of an image changes by 0.8" in finding.message


def test_does_not_catch_the_noise_floor() -> None:
    assert not outcome("BN401", probe(*net(), companions=companions(STILL))).findings


def test_does_not_catch_what_is_random() -> None:
    """That is BN402: nothing can be told of companions."""
    assert not outcome("BN401", probe(*net(), companions=companions(DRAWN))).findings


def test_says_why_it_could_not_be_tested() -> None:
    found = outcome("BN401", probe(*net(), companions=companions(reason="one image at a time")))
    assert reason(found) == "one image at a time"
    assert reason(outcome("BN401", probe(*net()))) == "the companion test was not made"


def test_says_that_the_model_was_not_run() -> None:
    assert reason(outcome("BN401", probe(*net(), ran=False))) == "the model was not run"


@pytest.mark.parametrize(
    ("trained", "layer", "words"),
    [
        ((), None, ""),
        ((1,), "net/block1/bn", "; net/block1/bn normalizes with the batch whatever is fed"),
        ((0, 2), None, "; net/block0/bn, net/block2/bn normalize with the batch whatever is fed"),
    ],
)
def test_names_the_layers_that_normalize_with_the_batch(
    trained: tuple[int, ...], layer: str | None, words: str
) -> None:
    layers = net(3)
    for index in trained:
        layers[index] = probed(f"net/block{index}/bn", index, mode=Mode.TRAINING)
    (finding,) = outcome("BN401", probe(*layers, companions=companions(MOVED))).findings
    assert finding.layer == layer
    assert finding.evidence == (
        "logits:0 of an image changes by 0.8 (20 % of its largest value) between a batch of 4 copies of it "
        "and one with other images; noise explains at most 1.0e-05" + words
    )
    assert (finding.remedy == _FIND) is (not trained)


def test_says_what_the_companions_are_and_that_an_output_is_0_alone() -> None:
    made = replace(companions(replace(MOVED, size=0.0)), made=True)
    (finding,) = outcome("BN401", probe(*net(), companions=made)).findings
    assert "changes by 0.8 (it is all 0 alone) between a batch of 4 copies" in finding.message
    assert "and one with an image made of it; noise" in finding.message
