"""Trains one network and freezes it: `python -m tests.networks.training KIND FOLDER`.

A process of its own, as the choice of control flow is one of the whole process. Batch statistics alone serve
the training of weights, so three sets of statistics belong to the same weights:

    healthy.pb     the updates ran with every step
    forgotten.pb   the updates never ran: statistics are 0 and 1 still
    unfinished.pb  the updates ran for UNFINISHED steps from 0 and 1, on the weights as they are at the end
"""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.networks.building import LAYERS, MOMENTUM, Network, build, tf
from tests.networks.digits import Digits, digits

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = 500
BATCH = 64
LEARNING_RATE = 0.01
UNFINISHED = 51
"""1 - 0.99^51 = 0.401: 40 % of the way from 0 and 1."""


def main(kind: str, folder: Path) -> None:
    """Writes the three models and `facts.json` into the folder."""
    tf.logging.set_verbosity(tf.logging.ERROR)
    seed = zlib.crc32(kind.encode())
    train, test = digits()
    with tf.Graph().as_default(), tf.Session(config=_one_thread()) as session:
        network = build(kind, seed)
        rate = tf.placeholder(tf.float32, [])
        optimize = tf.train.AdamOptimizer(rate).minimize(network.loss)
        session.run(tf.global_variables_initializer())
        began = time.perf_counter()
        for step, feeds in enumerate(_batches(network, train, STEPS, seed)):
            cosine = LEARNING_RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
            session.run([optimize, network.updates], {**feeds, rate: cosine})
        seconds = time.perf_counter() - began
        accuracy = {"healthy": _saved(session, network, test, folder / "healthy.pb")}
        session.run([variable.initializer for pair in network.statistics for variable in pair])
        accuracy["forgotten"] = _saved(session, network, test, folder / "forgotten.pb")
        for feeds in _batches(network, train, UNFINISHED, seed + 1):
            session.run(network.updates, feeds)
        accuracy["unfinished"] = _saved(session, network, test, folder / "unfinished.pb")
    facts = {
        "layers": LAYERS,
        "momentum": MOMENTUM,
        "steps": STEPS,
        "unfinished_steps": UNFINISHED,
        "accuracy": accuracy,
        "seconds": seconds,
    }
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _one_thread() -> Any:
    """The same numbers from run to run, and other processes beside."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def _batches(network: Network, data: Digits, steps: int, seed: int) -> Iterator[dict[Any, Any]]:
    """Feeds for training: every image once before any comes again."""
    draw = np.random.default_rng(seed)
    order = np.concatenate([draw.permutation(len(data.labels)) for _ in range(steps * BATCH // 1000 + 1)])
    for chosen in order[: steps * BATCH].reshape(steps, BATCH):
        images, labels = data.images[chosen], data.labels[chosen]
        yield {network.image: images, network.label: labels, network.training: True}


def _saved(session: Any, network: Network, test: Digits, path: Path) -> float:
    """Freezes the network as it is; its accuracy on the test images in inference mode."""
    feeds = {network.image: test.images, network.label: test.labels, network.training: False}
    accuracy = float(session.run(network.accuracy, feeds))
    graphdef = tf.graph_util.convert_variables_to_constants(
        session, tf.get_default_graph().as_graph_def(), [network.logits.op.name]
    )
    path.write_bytes(graphdef.SerializeToString(deterministic=True))
    return accuracy


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
