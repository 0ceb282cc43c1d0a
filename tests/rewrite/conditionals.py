"""Models that TensorFlow writes for tests: layers, and other conditionals, on any predicate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.run.session import tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHANNELS = 3


def layer(
    x: Any, predicate: Any, name: str, *, trains_when: bool, spoilt: tuple[float, bool] | None = None
) -> Any:
    """The output of a fused layer under Switch and Merge, with statistics of its own.

    `spoilt` is the first value of its mean (true) or of its variance.
    """
    tf: Any = tensorflow()
    values = np.random.default_rng(sum(name.encode())).uniform(0.5, 2.0, (4, CHANNELS)).astype(np.float32)
    if spoilt is not None:
        values[2 if spoilt[1] else 3, 0] = spoilt[0]
    gamma, beta, mean, variance = (tf.constant(row) for row in values)
    no, yes = tf.raw_ops.Switch(data=x, pred=predicate)
    trained, inferred = (yes, no) if trains_when else (no, yes)
    empty = tf.constant([], tf.float32)
    training = tf.raw_ops.FusedBatchNormV3(x=trained, scale=gamma, offset=beta, mean=empty, variance=empty)
    inference = tf.raw_ops.FusedBatchNormV3(
        x=inferred, scale=gamma, offset=beta, mean=mean, variance=variance, is_training=False
    )
    return tf.raw_ops.Merge(inputs=[inference.y, training.y], name=name).output


def halved(x: Any, predicate: Any) -> Any:
    """A half of x while the predicate is true: a conditional that is no batch norm."""
    tf: Any = tensorflow()
    no, yes = tf.raw_ops.Switch(data=x, pred=predicate)
    return tf.raw_ops.Merge(inputs=[no, yes * tf.constant(0.5)]).output


def write(path: Path, build: Callable[[Any, Any], Any]) -> Path:
    """The path of a model whose output `y` is what `build` makes of TensorFlow and the image `x`."""
    tf: Any = tensorflow()
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [None, 4, 4, CHANNELS], name="x")
        tf.identity(build(tf, x), name="y")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path
