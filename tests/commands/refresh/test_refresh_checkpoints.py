"""refresh on a training graph with its checkpoint: a frozen graph, with statistics whether they were wired or
not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bninspect.batchnorm import Mode, State, inspect
from bninspect.inputs.request import Request
from bninspect.models.restore import load
from tests.support.places import FIXTURES
from tests.support.refreshing import refresh

TRAINING = FIXTURES / "training"
CASES = ["wired_115", "unwired_14", "untrainable_wired_14", "not_saved_115", "switched_115", "cond_ema_14",
         "ewma_not_called_115", "slim_forced_115", "inference_115"]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_way_of_training_ends_in_one_inference_model(case: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    source = TRAINING / case / "model.ckpt-20"
    before = {path: path.read_bytes() for path in source.parent.iterdir()}
    target = tmp_path / "serving.pb"
    done = refresh(source, target, Request(random=64, seed=0), stripped=True)
    assert {path: path.read_bytes() for path in source.parent.iterdir()} == before
    (original,), (layer,) = inspect(load(str(source))).layers, inspect(load(str(target))).layers
    assert layer.mode is Mode.INFERENCE
    assert layer.statistics.state is State.STORED
    assert (layer.channels, layer.epsilon) == (original.channels, original.epsilon)
    (row,) = done.rows
    assert row.after is not None
    assert row.after.own is not None
    assert row.after.own.staleness is not None
    score = row.after.own.staleness.score
    assert score is not None
    assert score < 0.01  # the images it was measured on, in float32
