"""The networks as TensorFlow graphs: a classifier of digits with six batch norms, in five designs
(`designs`), written three ways.

    fused       FusedBatchNormV3 twice under a v1 conditional (Switch and Merge)
    decomposed  tf.nn.batch_normalization, whose statistics a v1 conditional chooses
    if          FusedBatchNormV3 twice in the functions of an If (control flow v2)

The boolean placeholder `training` decides; moving = moving - (moving - batch) * (1 - momentum), by hand. Only
compat.v1 of TensorFlow 2 is used, no Keras. This runs in the process of `training` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow

from tests.networks.designs import DESIGNS, NETWORKS, Blocks

tf = tensorflow.compat.v1

MOMENTUM = 0.99
EPSILON = 1e-3
LAYERS = tuple(f"block{number}/bn" for number in range(1, 7))


@dataclass(slots=True, kw_only=True)
class Network:
    """The parts of a graph that training needs."""

    image: Any
    label: Any
    training: Any
    logits: Any
    loss: Any
    accuracy: Any
    statistics: list[tuple[Any, Any]] = field(default_factory=list)
    """moving_mean and moving_variance of each layer, in order."""
    updates: list[Any] = field(default_factory=list)


def build(kind: str, seed: int) -> Network:
    """The graph of one of NETWORKS, in the default graph; weights are drawn from the seed."""
    design, written = NETWORKS[kind]
    if written == "if":
        tf.enable_control_flow_v2()
    else:
        tf.disable_control_flow_v2()
    image = tf.placeholder(tf.float32, [None, 8, 8, 1], name="image")
    label = tf.placeholder(tf.int64, [None], name="label")
    training = tf.placeholder(tf.bool, [], name="training")
    draw = np.random.default_rng(seed)
    network = Network(image=image, label=label, training=training, logits=None, loss=None, accuracy=None)
    blocks = Blocks(
        draw=draw,
        weights=_weights,
        normalize=lambda x: _batch_norm(written, x, network),
    )
    features = DESIGNS[design](blocks, image)
    weights = _weights("dense/weights", (int(features.shape[-1]), 10), draw)
    logits = tf.matmul(features, weights, name="dense/product")
    network.logits = tf.add(logits, _variable("dense/bias", np.zeros(10)), name="logits")
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=network.logits)
    network.loss = tf.reduce_mean(losses)
    network.accuracy = tf.reduce_mean(
        tf.cast(tf.equal(tf.argmax(network.logits, 1), label), tf.float32), name="accuracy"
    )
    return network


def _batch_norm(kind: str, x: Any, network: Network) -> Any:
    """The output of one layer; its variables and its updates join the network."""
    channels = x.shape[-1]
    with tf.variable_scope("bn"):
        gamma = _variable("gamma", np.ones(channels))
        beta = _variable("beta", np.zeros(channels))
        moving_mean = _variable("moving_mean", np.zeros(channels), trainable=False)
        moving_variance = _variable("moving_variance", np.ones(channels), trainable=False)
        write = _decomposed if kind == "decomposed" else _fused
        y, mean, variance = write(x, gamma, beta, moving_mean, moving_variance, network.training)
        for moving, batch in ((moving_mean, mean), (moving_variance, variance)):
            network.updates.append(moving.assign_sub((moving - batch) * (1 - MOMENTUM)))
    network.statistics.append((moving_mean, moving_variance))
    return y


def _fused(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, training: Any) -> Any:
    """(output, batch mean, batch variance); the variance is that of a sample, as the op gives it."""

    def norm(**given: Any) -> Any:
        y, batch_mean, batch_variance = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=EPSILON, **given)
        return y, batch_mean, batch_variance

    return tf.cond(
        training,
        lambda: norm(is_training=True),
        lambda: norm(mean=mean, variance=variance, is_training=False),
    )


def _decomposed(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, training: Any) -> Any:
    """(output, batch mean, batch variance), over all axes but the last."""
    batch = tf.nn.moments(x, list(range(len(x.shape) - 1)), name="moments")
    chosen = tf.cond(
        training,
        lambda: tuple(map(tf.identity, batch)),
        lambda: (tf.identity(mean), tf.identity(variance)),
    )
    return tf.nn.batch_normalization(x, *chosen, beta, gamma, EPSILON), *batch


def _weights(name: str, shape: tuple[int, ...], draw: np.random.Generator) -> Any:
    """Weights drawn as He et al. 2015 (arXiv:1502.01852) do: normal, of variance 2/inputs."""
    return _variable(name, draw.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape))


def _variable(name: str, value: Any, trainable: bool = True) -> Any:
    return tf.get_variable(
        name, initializer=np.asarray(value, np.float32), trainable=trainable, use_resource=False
    )
