"""strip, probe and refresh, of a tf.where behind what the outputs of both modes pass.

TensorFlow builds each graph; the oracle is TensorFlow on the original, fed the value that serves the mode.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.models.open import load
from tests.support.refreshing import refresh
from tests.support.stripping import placeholders_of, run_file, same_numbers, strip

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow

CHANNELS = 4
IMAGES = np.random.default_rng(5).normal(0.5, 2, (6, 6, 6, CHANNELS)).astype(np.float32)
MODES = (Mode.TRAINING, Mode.INFERENCE)
Side = Callable[[Any, Any], Any]
KINDS: dict[str, tuple[Side, Side]] = {
    "sliced": (lambda tf, y: y[:, 1:5, 1:5],) * 2,
    "cast": (lambda tf, y: tf.cast(y, tf.float16),) * 2,
    "split": (lambda tf, y: tf.split(y, 2, axis=3)[1],) * 2,
    "pooled": (lambda tf, y: tf.reduce_mean(y, [1, 2]),) * 2,
    "each its own": (lambda tf, y: tf.nn.relu(y), lambda tf, y: tf.tanh(y)),
}
"""(TensorFlow, the output of a batch norm) -> what tf.where reads in training, and in inference mode."""


class Layer:
    """A fused batch norm in the current graph, to be called in either mode."""

    def __init__(self, tf: Any, name: str) -> None:
        draw = np.random.default_rng(len(name))
        self._tf = tf
        self._numbers = [
            tf.constant(draw.uniform(0.5, 2, CHANNELS), tf.float32, name=f"{name}/{part}")
            for part in ("gamma", "beta", "mean", "variance")
        ]

    def __call__(self, x: Any, mode: Mode) -> Any:
        gamma, beta, mean, variance = self._numbers
        stored = {} if mode is Mode.TRAINING else {"mean": mean, "variance": variance}
        norm = self._tf.compat.v1.nn.fused_batch_norm
        return norm(x, gamma, beta, **stored, is_training=mode is Mode.TRAINING)[0]


def written(path: Path, network: Callable[[Any, Any, Any], Any]) -> Path:
    """The file of a network of (TensorFlow, the image, whether it trains), at `output`."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(tf.float32, [None, 6, 6, CHANNELS], name="image")
        training = tf.compat.v1.placeholder(tf.bool, [], name="training")
        tf.identity(network(tf, image, training), name="output")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def chosen(tf: Any, image: Any, training: Any, kind: str) -> Any:
    layer = Layer(tf, "bn")
    sides = (side(tf, layer(image, mode)) for side, mode in zip(KINDS[kind], MODES, strict=True))
    return tf.where(training, *sides)


def of_two_layers(tf: Any, image: Any, training: Any) -> Any:
    first, second = Layer(tf, "first"), Layer(tf, "second")
    sides = [second(tf.nn.relu(first(image, mode))[:, 1:], mode)[:, :4] for mode in MODES]
    return tf.where(training, *sides)


def nested(tf: Any, image: Any, training: Any) -> Any:
    layer, export = Layer(tf, "bn"), tf.compat.v1.placeholder(tf.bool, [], name="export")
    trains, serves, again = (layer(image, mode)[:, 1:] for mode in (*MODES, Mode.INFERENCE))
    return tf.where(export, again, tf.where(training, trains, serves))


NETWORKS: dict[str, tuple[Callable[..., Any], int]] = {
    **{kind: (partial(chosen, kind=kind), 1) for kind in KINDS},
    "two layers": (of_two_layers, 2),
    "one where in another": (nested, 1),
}
"""(What builds it, how many layers it has)."""


@pytest.mark.parametrize("name", NETWORKS)
def test_both_modes_are_those_of_the_original(name: str, tmp_path: Path) -> None:
    network, count = NETWORKS[name]
    model = written(tmp_path / "model.pb", network)
    fed = {"image": IMAGES} | ({"export": False} if name == "one where in another" else {})
    right = {mode: run_file(model, "output:0", **fed, training=mode is Mode.TRAINING) for mode in MODES}
    for mode in MODES:
        target = tmp_path / f"{mode.value}.pb"
        result = strip(model, target, mode=mode)
        assert result.verification is not None
        assert result.verification.state == "verified"
        assert placeholders_of(target) == {"image"}
        assert [layer.mode for layer in inspect(load(str(target))).layers] == [mode] * count
        same_numbers(run_file(target, "output:0", image=IMAGES), right[mode])
    report = inspect(load(str(model)))
    found = probe(report, Question(layers=report.layers, keep=True), Request(feeds=(), random=6, seed=1))
    assert found.verification.state == "verified"
    assert [layer.difference is None for layer in found.layers] == [False] * count
    assert found.skipped == ()


@pytest.mark.parametrize("name", ["sliced", "two layers", "one where in another"])
def test_refresh_measures_what_the_layer_reads(name: str, tmp_path: Path) -> None:
    network, count = NETWORKS[name]
    model, target = written(tmp_path / "model.pb", network), tmp_path / "out.pb"
    np.save(tmp_path / "images.npy", IMAGES)
    refresh(model, target, Request(data=(str(tmp_path / "images.npy"),)), stripped=True)
    layers = inspect(load(str(target))).layers
    assert [layer.mode for layer in layers] == [Mode.INFERENCE] * count
    values = layers[0].statistics.values
    assert values is not None
    mean, variance = values.numbers()
    np.testing.assert_allclose(mean, IMAGES.mean((0, 1, 2), dtype=np.float64), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, IMAGES.var((0, 1, 2), dtype=np.float64), rtol=1e-3)
