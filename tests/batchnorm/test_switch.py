"""What chooses a mode, told by the value of the source, and which mode it serves when nothing is fed."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.switch import ModeSwitch, Predicate
from tests.support.reports import phase, tensor

READ, BEHIND, SOURCE = tensor("pred_id"), tensor("both"), phase()


def switch(
    training_when_predicate: bool,
    true_when: bool | None = None,
    constant: bool | None = None,
    unfed: bool | None = None,
) -> ModeSwitch:
    predicate = Predicate(
        tensor=READ,
        behind=BEHIND,
        negated=False,
        source=None if true_when is None else SOURCE,
        constant=constant,
        default=None,
        true_when=true_when,
        unfed=unfed,
    )
    return ModeSwitch(predicate=predicate, training_when_predicate=training_when_predicate)


@pytest.mark.parametrize(
    ("training_when_predicate", "true_when", "training_when"),
    [
        (True, True, True),
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (True, None, None),
        (False, None, None),
    ],
)
def test_the_value_of_the_source_that_trains(
    training_when_predicate: bool, true_when: bool | None, training_when: bool | None
) -> None:
    found = switch(training_when_predicate, true_when)
    assert found.training_when is training_when
    assert found.decided_by is (BEHIND if true_when is None else SOURCE)


@pytest.mark.parametrize(
    ("training_when_predicate", "constant", "unfed", "mode"),
    [
        (True, None, True, Mode.TRAINING),
        (True, None, False, Mode.INFERENCE),
        (False, None, True, Mode.INFERENCE),
        (False, None, False, Mode.TRAINING),
        (True, True, None, Mode.TRAINING),
        (False, True, None, Mode.INFERENCE),
        (True, False, True, Mode.INFERENCE),
        (True, None, None, None),
    ],
)
def test_the_mode_when_nothing_is_fed(
    training_when_predicate: bool, constant: bool | None, unfed: bool | None, mode: Mode | None
) -> None:
    found = switch(training_when_predicate, True, constant, unfed)
    assert (found.served_by_default, found.constant) == (mode, constant)
