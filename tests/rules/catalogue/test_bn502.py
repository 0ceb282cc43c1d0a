"""BN502 statistics-reset."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.comparison.comparison import diff
from bninspect.rules import Case, Judgement, judge, select
from tests.support.catching import fused, replaced
from tests.support.parts import IMAGE, report

INITIAL = {"mean": "[0.0, 0.0, 0.0]", "variance": "[1.0, 1.0, 1.0]"}
ZERO = INITIAL | {"variance": "[0.0, 0.0, 0.0]"}
HALF = INITIAL | {"mean": "[0.0, 0.25, 0.0]"}
LOST = "Placeholder()"


def net(**values: str) -> str:
    """A layer with these statistics, which two calls share."""
    return IMAGE + replaced(**values) + fused() + fused(name="again", x="y") + "scores = Relu(again)\n"


def between(old: str, new: str) -> Judgement:
    return judge(Case(report=report(new), moved=diff(report(old), report(new))), select(["BN502"]))


@pytest.mark.parametrize(("start", "variance"), [(INITIAL, "1"), (ZERO, "0")])
def test_catches_statistics_that_start_again(start: dict[str, str], variance: str) -> None:
    (finding,) = between(net(), net(**start)).findings
    assert (finding.layer, finding.node, finding.severity.value) == ("y", "mean", "error")
    assert finding.message == (
        f"moving mean 0 and moving variance {variance} in 3 channels, their initial values; in OLD they were "
        "not: they were lost in a restore"
    )


def test_catches_those_that_follow_invalid_ones() -> None:
    assert between(net(mean="[1e999, 0.0, 0.0]"), net(**INITIAL)).findings


@pytest.mark.parametrize(
    ("old", "new"), [(INITIAL, INITIAL), (ZERO, INITIAL), (INITIAL, {}), ({}, {}), ({}, HALF)]
)
def test_does_not_catch(old: dict[str, str], new: dict[str, str]) -> None:
    """Initial in both, learned since, never moved, and moved to another value."""
    outcome = between(net(**old), net(**new))
    assert not outcome.findings
    assert not outcome.not_run


def test_statistics_that_were_not_read_are_not_judged() -> None:
    unread = net().replace("mean = Const([0.5, -0.5, 0.25])", "mean = Placeholder()")
    assert unread != net()
    for pair in ((unread, net(**INITIAL)), (net(), unread)):
        outcome = between(*pair)
        assert not outcome.findings
        assert [one.reason for one in outcome.not_run] == [
            "the statistics of 2 layers could not be read in both files"
        ]
