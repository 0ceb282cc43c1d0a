"""What the graph says of its updates is what happened between two checkpoints, read by TensorFlow."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import BatchNorm, inspect
from bninspect.batchnorm.training.train_ops import Training
from bninspect.graph import load
from bninspect.graph.ops import VARIABLES
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = dict[str, NDArray[Any]]

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]
FOLDER = FIXTURES / "training"
CASES = sorted(path.name for path in FOLDER.iterdir())
STEPS = 20
NOT_ALL_SAVED = {"not_saved_115"}
OTHER_GRAPH = {"restored_averages_115"}
"""The MetaGraph is that of an evaluation: what trained is another one."""
LEARNS_BY_GRADIENT = {"gamma", "beta"}
EXPECTED = {
    "wired_14": ("training", "run", ("gamma", "beta")),
    "wired_115": ("training", "run", ("gamma", "beta")),
    "unwired_14": ("training", "unused", ("gamma", "beta")),
    "unwired_115": ("training", "unused", ("gamma", "beta")),
    "untrainable_wired_14": ("training", "run", ()),
    "untrainable_wired_115": ("training", "unused", ()),
    "untrainable_wired_2": ("training", "unused", ()),
    "switched_2": ("switched", "run", ("gamma", "beta")),
    "untrainable_unwired_14": ("training", "unused", ()),
    "untrainable_unwired_115": ("training", "unused", ()),
    "inference_14": ("inference", "none", ("gamma", "beta")),
    "inference_115": ("inference", "none", ("gamma", "beta")),
    "inference_untrainable_14": ("inference", "none", ()),
    "inference_untrainable_115": ("inference", "none", ()),
    "ewma_called_14": ("training", "run", ("gamma", "beta")),
    "ewma_not_called_14": ("training", "unused", ("gamma", "beta")),
    "ewma_called_115": ("training", "run", ("gamma", "beta")),
    "ewma_not_called_115": ("training", "unused", ("gamma", "beta")),
    "cond_ema_14": ("switched", "run", ("gamma", "beta")),
    "cond_ema_115": ("switched", "run", ("gamma", "beta")),
}
MOMENTUM = {"slow_115": 0.99, "cond_ema_14": 0.5, "cond_ema_115": 0.5}
"""Of the fixtures that do not train with 0.85."""


@cache
def layer_of(case: str) -> BatchNorm:
    (layer,) = inspect(load(str(FOLDER / case / f"model.ckpt-{STEPS}.meta"))).layers
    return layer


@cache
def checkpoint(case: str, step: int) -> Values:
    """Name -> value, as TensorFlow's own reader gives them."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(FOLDER / case / f"model.ckpt-{step}"))
    return {name: np.asarray(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()}


def changed(case: str, name: str) -> bool:
    before, after = (checkpoint(case, step)[name] for step in (0, STEPS))
    return not np.array_equal(before, after)


@pytest.mark.parametrize("case", CASES)
def test_every_case_trained(case: str) -> None:
    """Weights upstream moved, by as many steps as the checkpoint counts."""
    assert changed(case, "conv/kernel")
    assert [int(checkpoint(case, step)["global_step"]) for step in (0, STEPS)] == [0, STEPS]
    assert all(np.isfinite(value).all() for value in checkpoint(case, STEPS).values())


@pytest.mark.parametrize("case", sorted(set(CASES) - OTHER_GRAPH - NOT_ALL_SAVED))
def test_updates_run_exactly_where_the_statistics_moved(case: str) -> None:
    layer = layer_of(case)
    for kept in (layer.moving_mean, layer.moving_variance):
        assert kept is not None
        assert kept.node.op in VARIABLES
        assert changed(case, kept.node.name) is (layer.updates == "run")


@pytest.mark.parametrize("case", sorted(set(CASES) - OTHER_GRAPH))
def test_what_is_trainable_is_what_learned(case: str) -> None:
    layer = layer_of(case)
    assert layer.trainable is not None
    parameters = {"gamma": layer.gamma, "beta": layer.beta}
    learned = {name for name, kept in parameters.items() if kept and changed(case, kept.node.name)}
    assert learned == set(layer.trainable)
    assert learned <= LEARNS_BY_GRADIENT


@pytest.mark.parametrize("case", sorted(EXPECTED))
def test_the_combinations(case: str) -> None:
    layer = layer_of(case)
    assert (layer.mode.value, layer.updates, layer.trainable) == EXPECTED[case]


@pytest.mark.parametrize("case", CASES)
def test_updates_that_the_optimizer_does_not_wait_for(case: str) -> None:
    """The assigner that is called after the optimizer: who runs the optimizer's op alone leaves it out."""
    assert layer_of(case).updates_apart is case.startswith("ewma_called")


@pytest.mark.parametrize("case", sorted(set(CASES) - OTHER_GRAPH))
def test_momentum(case: str) -> None:
    """Read wherever there are updates, though nobody runs them; there is none where there are none."""
    layer = layer_of(case)
    assert (layer.momentum is None) is (layer.updates == "none")
    if layer.momentum is not None:
        assert layer.momentum == pytest.approx(MOMENTUM.get(case, 0.85), abs=1e-6)


def test_momentum_is_the_share_that_one_update_leaves() -> None:
    """The moving mean after 20 updates from 0 is within (1 - m^20) of the largest batch mean, and is nearer
    to 0 the larger the momentum.
    """
    fast, slow = (checkpoint(case, STEPS)["bn/moving_mean"] for case in ("wired_115", "slow_115"))
    ratio = np.abs(slow) / np.abs(fast)
    expected = (1 - 0.99**STEPS) / (1 - 0.85**STEPS)
    np.testing.assert_allclose(ratio, expected, rtol=0.2)


@pytest.mark.parametrize("case", sorted(set(CASES) - OTHER_GRAPH))
def test_the_global_step_is_found(case: str) -> None:
    graph = load(str(FOLDER / case / f"model.ckpt-{STEPS}.meta"))
    step = Training(graph).global_step
    assert step is not None
    assert step.name == "global_step"


@pytest.mark.parametrize("case", sorted(OTHER_GRAPH))
def test_without_a_train_op_nothing_is_said_of_updates(case: str) -> None:
    layer = layer_of(case)
    assert (layer.updates, layer.trainable, layer.update_ops) == (None, None, ())


@pytest.mark.parametrize("case", sorted(NOT_ALL_SAVED))
def test_statistics_are_not_among_what_was_saved(case: str) -> None:
    layer = layer_of(case)
    assert layer.moving_mean is not None
    assert layer.moving_mean.node.name not in checkpoint(case, STEPS)
    assert layer.updates == "run"
