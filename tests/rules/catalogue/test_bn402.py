"""BN402 random-output."""

from __future__ import annotations

from bninspect.rules import Severity
from tests.support.probes import net, probe
from tests.support.probing import DRAWN, MOVED, STILL, companions, outcome, reason


def test_catches_two_runs_that_differ() -> None:
    found = probe(*net(), companions=companions(DRAWN), random="dropout/random_uniform")
    (finding,) = outcome("BN402", found).findings
    assert (finding.severity, finding.node) == (Severity.WARNING, "dropout/random_uniform")
    assert "logits:0 differs by 0.5" in finding.message


def test_catches_kernels_that_add_up_in_changing_order() -> None:
    (finding,) = outcome("BN402", probe(*net(), companions=companions(DRAWN))).findings
    assert finding.node is None


def test_does_not_catch_runs_that_agree() -> None:
    assert not outcome("BN402", probe(*net(), companions=companions(STILL, MOVED))).findings


def test_says_why_it_could_not_be_tested() -> None:
    assert (
        reason(outcome("BN402", probe(*net(), companions=companions(reason="fed by hand")))) == "fed by hand"
    )
    assert reason(outcome("BN402", probe(*net()))) == "no two runs were compared"
