"""A sample of `tests.screens`: at most 40 lines, the verdict the first of them, nothing folded in a pipe."""

from __future__ import annotations

import pytest

from tests.screens import screens
from tests.support.places import FIXTURES

SAMPLE = (
    "classic.pb",
    "lookalikes.pb",
    "mixed_modes.pb",
    "net_mixed.pb",
    "saved_tfkeras",
    "train_unwired.meta",
    "cases/dynamic_rnn.pb",
    "cases/no_batch_norm",
    "cases/opposed_polarities.pb",
    "cases/quantized_training_unfused.pb",
)


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("command", ["graph", "check"])
def test_a_screen(command: str, name: str) -> None:
    (screen,) = screens([str(FIXTURES / name)], [command])
    assert list(screen.faults()) == []


@pytest.mark.tensorflow
def test_the_screen_of_a_probe() -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    (screen,) = screens([str(FIXTURES / "slim_resnet.pb")], ["probe"])
    assert list(screen.faults()) == []
