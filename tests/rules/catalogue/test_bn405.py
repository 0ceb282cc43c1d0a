"""BN405 input-scale-mismatch."""

from __future__ import annotations

from bninspect.rules import Severity
from tests.support.probes import net, probe
from tests.support.probing import outcome, reason, trial


def test_catches_another_preset() -> None:
    (finding,) = outcome("BN405", probe(*net(), presets=trial("raw"))).findings
    assert (finding.layer, finding.severity) == ("net/block0/bn", Severity.WARNING)
    assert "--preprocess tf fits, --preprocess raw does not" in finding.message


def test_does_not_catch_the_best_preset() -> None:
    assert not outcome("BN405", probe(*net(), presets=trial("tf"))).findings


def test_does_not_catch_what_is_not_clear() -> None:
    undecided = trial("raw", clear=False, reason="tf and unit fit about as well")
    found = outcome("BN405", probe(*net(), presets=undecided))
    assert not found.findings
    assert reason(found) == "tf and unit fit about as well"


def test_says_that_no_preset_was_tried() -> None:
    assert reason(outcome("BN405", probe(*net()))) == "the presets were not tried"
