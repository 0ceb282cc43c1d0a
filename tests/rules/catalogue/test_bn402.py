"""BN402 random-output."""

from __future__ import annotations

from dataclasses import replace

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


def test_names_the_output_that_differs_most_beside_its_size() -> None:
    large = replace(DRAWN, name="large:0", floor=1e-3, size=1.0)
    small = replace(DRAWN, name="small:0", floor=1e-3, rerun=0.1, size=0.1)
    for order in ((large, small), (small, large)):
        (finding,) = outcome("BN402", probe(*net(), companions=companions(*order))).findings
        assert finding.message == (
            "two runs of one feed differ: small:0 differs by 0.1, its largest value is 0.1; no op on the way "
            "draws random numbers: its kernels add up in changing order"
        )
    none = replace(DRAWN, name="none:0", floor=1e-12, rerun=1e-9, size=0.0)
    (finding,) = outcome("BN402", probe(*net(), companions=companions(large, none), random="d")).findings
    assert finding.message.endswith(
        "none:0 differs by 1.0e-09, its largest value is 0; d draws random numbers"
    )
