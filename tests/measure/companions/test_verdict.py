"""What is said of an output, and of all of them: numbers just within a bound, and just beyond."""

from __future__ import annotations

import pytest

from bninspect.measure.companions.companions import CompanionTest, Dependence, _inconclusive


def output(
    change: float = 0.0,
    floor: float = 1.0,
    rerun: float = 0.0,
    size: float = 8.0,
    control: float | None = 5.0,
) -> Dependence:
    return Dependence(name="y:0", change=change, rerun=rerun, floor=floor, size=size, control=control)


@pytest.mark.parametrize(
    ("found", "depends", "random"),
    [
        (output(change=1.0), False, False),
        (output(change=1.01), True, False),
        (output(change=9.0, rerun=0.24), True, False),
        (output(change=9.0, rerun=0.25), False, True),
        (output(change=0.0, floor=0.0), False, False),
        (output(change=0.5, floor=0.0), True, False),
    ],
    ids=[
        "at the floor",
        "beyond it",
        "hardly random",
        "random",
        "equal whole numbers",
        "other whole numbers",
    ],
)
def test_an_output_depends_beyond_the_floor_unless_it_is_random(
    found: Dependence, depends: bool, random: bool
) -> None:
    assert (found.depends, found.random) == (depends, random)


@pytest.mark.parametrize(
    ("found", "share"),
    [
        (output(change=4.0), 0.5),
        (output(change=4.0, size=0.5, floor=2.0), 2.0),
        (output(change=4.0, size=0.0, floor=0.0), float("inf")),
    ],
    ids=["of its size", "of the floor, if that is larger", "of nothing"],
)
def test_the_share_of_a_change(found: Dependence, share: float) -> None:
    assert found.share == share


def test_outputs_are_told_by_how_far_they_move() -> None:
    a, b, c, d = output(2.0), output(6.0), output(0.5), output(9.0, rerun=2.0, floor=8.0)
    found = CompanionTest(outputs=(a, b, c, d), images=4)
    assert found.dependent == (b, a)
    assert found.random == (d,)


def test_a_test_that_was_not_made_says_so() -> None:
    found = CompanionTest(reason="no")
    assert (found.outputs, found.images, found.made, found.dependent) == ((), 0, False, ())
    assert CompanionTest().reason is None


RANDOM = output(rerun=0.25)
_NO_ROW = "no output has a row of numbers for each of 4 images"
_RANDOM = "two runs on the same inputs differ already, so a change of the other images would not show"
_NOTHING = "the other images change nothing in training mode either"


@pytest.mark.parametrize(
    ("found", "controlled", "reason"),
    [
        ([], True, _NO_ROW),
        ([output(2.0), RANDOM], True, None),
        ([output(2.0, control=0.0)], True, None),
        ([RANDOM, RANDOM], True, _RANDOM),
        ([RANDOM, output()], True, None),
        ([output(control=1.0)], True, _NOTHING),
        ([output(control=1.01)], True, None),
        ([output(control=None)], True, _NOTHING),
        ([output(control=None)], False, None),
        ([output(control=0.0), output(control=5.0)], True, None),
    ],
    ids=[
        "nothing compared", "one moves", "one moves, and not the control", "all are random", "one is random",
        "the control moves no further", "the control moves", "the control has no value",
        "there is no control", "one control moves",
    ],
)  # fmt: skip
def test_why_what_was_seen_says_nothing(
    found: list[Dependence], controlled: bool, reason: str | None
) -> None:
    assert _inconclusive(found, 4, controlled) == reason
