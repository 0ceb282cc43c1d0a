"""One line for each finding, whatever its names hold."""

from __future__ import annotations

from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.render.ci.concise import concise
from tests.support.checks import HOSTILE, ORDINARY, found, warning


def test_a_line_for_each_new_finding_and_each_model_that_could_not_be_checked() -> None:
    assert concise(ORDINARY).splitlines() == [
        "models/a.pb: BN103 warning: phase decides",
        *(f"models/a.pb: BN201 error net/bn{number}: mean 0 and variance 1" for number in range(3)),
        "models/lfs.pb: error: a Git LFS pointer; run git lfs pull",
    ]


def test_what_the_baseline_knows_is_left_out() -> None:
    assert concise(CheckResult(models=(ModelResult(path="m.pb", found=(found(known=True),)),))) == ""


def test_a_long_message_is_one_line() -> None:
    long = ModelResult(path="m.pb", found=(found(message="x " * 500), warning()))
    assert len(concise(CheckResult(models=(long,))).splitlines()) == 2


def test_no_letter_of_a_name_makes_a_line() -> None:
    assert len(concise(HOSTILE).splitlines()) == 2
    assert concise(HOSTILE).replace("\n", "").isprintable()
