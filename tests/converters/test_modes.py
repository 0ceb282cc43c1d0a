"""What a converted model is held against: every predicate has its value in each round."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.commands.forecast.modes import modes_of
from bninspect.graph import load
from tests.support.places import FIXTURES

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("fixture", ["classic.pb", "and_two.pb", "cases/constant_waits_on_switch.pb"])
def test_each_round_is_its_mode(fixture: str) -> None:
    """Fed itself, or what it is computed from: the conjunction of two placeholders, a step below a limit."""
    pytest.importorskip("tensorflow", reason="runs the model")
    report = inspect(load(str(FIXTURES / fixture)))
    modes = modes_of(report)
    assert not modes.decided_inside
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        assert {modes.mode_in(layer, mode.value) for layer in report.layers} == {mode}
    given = {name.rpartition(":")[0] for name in modes.rounds["training"].feeds}
    needed = {node.name for node in report.graph if node.op == "Placeholder"}
    assert given == needed
