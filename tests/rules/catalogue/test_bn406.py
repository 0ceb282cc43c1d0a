"""BN406 modes-disagree."""

from __future__ import annotations

from bninspect.rules import Severity
from tests.support.probes import net, output, probe
from tests.support.probing import net_with, outcome, reason, shifted


def test_catches_outputs_far_apart() -> None:
    (finding,) = outcome("BN406", probe(*net(), outputs=(output(0.8),))).findings
    assert finding.severity is Severity.WARNING
    assert "logits:0 differs by 80 % of its training-mode RMS" in finding.message


def test_catches_a_flip_of_the_top_1() -> None:
    (finding,) = outcome("BN406", probe(*net(), outputs=(output(0.1, 0.5),))).findings
    assert "its top-1 changes for 50 % of the images" in finding.message


def test_does_not_catch_modes_that_agree() -> None:
    assert not outcome("BN406", probe(*net(), outputs=(output(0.05, 1.0),))).findings


def test_does_not_catch_what_a_stale_layer_explains() -> None:
    """That is BN403, and this its consequence."""
    assert not outcome("BN406", probe(*net_with(2, shifted), outputs=(output(0.8),))).findings


def test_does_not_judge_by_one_image() -> None:
    """In training mode one image is no batch: the modes disagree in any model."""
    found = outcome("BN406", probe(*net(images=1), outputs=(output(0.8),)))
    assert not found.findings
    assert "too few to judge" in reason(found)
