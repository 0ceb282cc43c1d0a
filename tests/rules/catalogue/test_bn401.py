"""BN401 batch-dependent-output."""

from __future__ import annotations

from bninspect.rules import Severity
from tests.support.probes import net, probe
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
