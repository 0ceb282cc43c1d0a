"""refresh of a graph that was not frozen: its moving statistics are measured, and nothing else is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bninspect
from bninspect.errors import RewriteError
from tests.rewrite.conditionals import CHANNELS, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow
IMAGES = np.random.default_rng(3).normal(3, 2, (64, 4, 4, CHANNELS)).astype(np.float32)


def unfrozen(path: Path, *, weights: bool = False) -> str:
    """A model whose moving statistics are variables, and with `weights` its kernel, too; none has a value."""

    def build(tf: Any, x: Any) -> Any:
        def variable(name: str, shape: list[int], constant: float) -> Any:
            kept = weights or name.startswith("moving")
            made = tf.raw_ops.VariableV2(shape=shape, dtype=tf.float32, name=name)
            return made if kept else tf.constant(constant, tf.float32, shape)

        kernel = variable("kernel", [1, 1, CHANNELS, CHANNELS], 0.5)
        x = tf.nn.conv2d(x, kernel, 1, "SAME")
        gamma, beta = tf.constant(1.0, shape=[CHANNELS]), tf.constant(0.0, shape=[CHANNELS])
        mean, variance = (variable(name, [CHANNELS], 0.0) for name in ("moving_mean", "moving_variance"))
        return tf.raw_ops.FusedBatchNormV3(
            x=x, scale=gamma, offset=beta, mean=mean, variance=variance, is_training=False
        ).y

    return str(write(path / "unfrozen.pb", build))


def test_moving_statistics_are_those_of_the_images(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", IMAGES)
    target = tmp_path / "frozen.pb"
    bninspect.refresh(
        unfrozen(tmp_path), target, unfrozen=True, feeds={"x": f"@{tmp_path}/x.npy"}, checked=False
    )
    (layer,) = bninspect.inspect(bninspect.load(str(target))).layers
    assert layer.statistics.values is not None
    made = 0.5 * IMAGES.astype(np.float64).sum(axis=-1)
    np.testing.assert_allclose(layer.statistics.values.mean.array(), made.mean(), rtol=1e-5)
    np.testing.assert_allclose(layer.statistics.values.variance.array(), made.var(), rtol=1e-4)


def test_without_the_option_the_values_are_missed(tmp_path: Path) -> None:
    """The option is named where it would do."""
    with pytest.raises(RewriteError, match="not frozen: it holds 2 variables and no values") as missed:
        bninspect.refresh(unfrozen(tmp_path), tmp_path / "new.pb", random=8)
    assert str(missed.value).endswith(
        "; or give unfrozen=True: they are moving statistics alone, which it measures"
    )
    with pytest.raises(RewriteError) as missed:
        bninspect.refresh(unfrozen(tmp_path, weights=True), tmp_path / "new.pb", random=8)
    assert "unfrozen=True" not in str(missed.value)


def test_weights_without_values_are_refused(tmp_path: Path) -> None:
    reason = "these variables have no value: kernel; freeze it, or give the .meta of its checkpoint instead"
    with pytest.raises(RewriteError, match=reason):
        bninspect.refresh(unfrozen(tmp_path, weights=True), tmp_path / "new.pb", random=8, unfrozen=True)
    assert not (tmp_path / "new.pb").exists()
