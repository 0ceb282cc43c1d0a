"""BN105 several-mode-switches."""

from __future__ import annotations

import pytest

from bninspect.rules.remedies import BUILD_ANEW
from tests.support.catching import caught, found, fused, of_fixture
from tests.support.parts import PHASE, STORED, UNDECIDED, fused_cond
from tests.support.places import FIXTURES

SECOND = "other = Placeholder(dtype=bool, shape=[])\n"
SWITCHED = STORED + PHASE


def test_catches_two_placeholders() -> None:
    finding = caught("BN105", SWITCHED + SECOND + fused_cond("phase") + fused_cond("other", "z", "y"))
    assert (finding.layer, finding.node) == (None, "other")
    assert finding.message == "2 switches decide the mode of different layers: phase:0 (1), other:0 (1)"


def test_catches_opposite_ways() -> None:
    text = "not = LogicalNot(phase)\n" + fused_cond("phase") + fused_cond("not", "z", "y")
    finding = caught("BN105", SWITCHED + text)
    assert (finding.layer, finding.node) == (None, "phase")
    assert finding.message == "phase:0 = true serves training in y, and false does in z"


def test_does_not_catch_a_negation_in_all_layers() -> None:
    text = "not = LogicalNot(phase)\n" + fused_cond("not") + fused_cond("not", "z", "y")
    assert not found("BN105", SWITCHED + text)


def test_does_not_catch_a_frozen_backbone() -> None:
    assert not found("BN105", SWITCHED + fused() + fused_cond("phase", "z", "y"))
    assert not of_fixture("BN105", "frozen_backbone.pb")


def test_does_not_catch_a_constant_beside_a_switch() -> None:
    text = "fixed = Const(false)\n" + fused_cond("fixed") + fused_cond("phase", "z", "y")
    assert not found("BN105", SWITCHED + text)


def test_does_not_catch_one_switch() -> None:
    assert not found("BN105", SWITCHED + fused_cond("phase") + fused_cond("phase", "z", "y"))
    assert not of_fixture("BN105", "and_two.pb")


@pytest.mark.parametrize(
    "text",
    [
        SECOND + fused_cond("phase") + fused_cond("other", "z", "y"),
        "not = LogicalNot(phase)\n" + fused_cond("phase") + fused_cond("not", "z", "y"),
    ],
    ids=["two placeholders", "opposite ways"],
)
def test_the_author_is_the_remedy_where_strip_refuses(text: str) -> None:
    finding = caught("BN105", SWITCHED + text + UNDECIDED + "both = Add(z, undecided)\n")
    assert finding.remedy == BUILD_ANEW


def test_strip_is_the_remedy() -> None:
    model = FIXTURES / "two_switches.pb"
    (finding,) = of_fixture("BN105", model.name)
    assert finding.node == "training_b"
    assert finding.remedy == f"bninspect strip {model} -o {model.with_suffix('.serving.pb')}"
