"""BN306 batch-of-one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.rules import Case, judge, select
from tests.batchnorm.training.test_updates import STORED, TRAIN
from tests.support import reports
from tests.support.catching import caught, found, fused, of_checkpoint, of_fixture

LEARN = TRAIN.format(control="")
ONE = STORED.replace("shape=[-1, 8, 8, 3]", "shape=[1, 8, 8, 3]")
EIGHT = STORED.replace("shape=[-1, 8, 8, 3]", "shape=[8, 8, 8, 3]")
BAKED = "none = Const([])\ny = FusedBatchNorm({x}, gamma, beta, none, none)\nhead = Relu(y)\n"
NET = "kernel = Const([0.5])\nc = Conv2D(x, kernel)\nb = BiasAdd(c, beta)\na = Relu(b)\n"


def test_catches_a_batch_of_one_in_the_placeholder() -> None:
    finding = caught("BN306", ONE + BAKED.format(x="x") + LEARN)
    assert finding.node == "x"
    assert finding.message == (
        "1 layer of 1 that train on their batch gets batches of 1, fixed in the graph (y)"
    )


def test_catches_it_behind_a_convolution() -> None:
    assert caught("BN306", ONE + NET + BAKED.format(x="a") + LEARN).node == "a"


@pytest.mark.parametrize("source", ["IteratorGetNext()", "QueueDequeueManyV2()"])
def test_catches_it_where_the_node_notes_the_shape(source: str) -> None:
    """The note of a MetaGraph, or an iterator's own."""
    from bninspect.graph.shapes import batch_size

    name = "output_shapes" if source.startswith("Iterator") else "_output_shapes"
    attributes = {name: ((7,), (1, 8, 8, 3))}
    node = reports.node("next", source[:-2], **attributes)
    assert (batch_size(node.output(0)), batch_size(node.output(1)), batch_size(node.output(2))) == (
        7,
        1,
        None,
    )


@pytest.mark.tensorflow
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.parametrize(
    ("batch", "patches", "alone"),
    [(1, False, True), (None, False, False), (8, False, False), (1, True, False)],
)
def test_catches_what_tensorflow_infers(
    batch: int | None, patches: bool, alone: bool, tmp_path: Path
) -> None:
    """By the shapes in a MetaGraph; patches cut from one image are a batch of sixteen."""
    import tensorflow as tf

    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, [batch, 8, 8, 3])
        if patches:
            x = tf.reshape(tf.image.extract_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1] * 4, "SAME"), [16, 12])
        beta = tf.compat.v1.get_variable("beta", [x.shape[-1]])
        x = tf.nn.relu(x)
        mean, variance = tf.nn.moments(x, list(range(x.shape.rank - 1)))
        y = tf.nn.batch_normalization(x, mean, variance, beta, None, 1e-3)
        tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(y)))
        tf.compat.v1.train.export_meta_graph(str(tmp_path / "model.meta"))
    report = inspect(load(str(tmp_path / "model.meta")))
    assert [layer.mode.value for layer in report.layers] == ["training"]
    found = judge(Case(report=report), select(["BN306"])).findings
    assert [finding.code for finding in found] == ["BN306"] * alone


@pytest.mark.parametrize("text", [STORED, EIGHT])
def test_does_not_catch_other_batches(text: str) -> None:
    assert not found("BN306", text + BAKED.format(x="x") + LEARN)
    assert not of_checkpoint("BN306", "wired_115")
    assert not of_fixture("BN306", "train.meta")


def test_does_not_catch_where_axis_0_may_have_changed() -> None:
    """Patches of one image are a batch of many."""
    text = ONE + "size = Const([64, 3])\nr = Reshape(x, size)\n" + BAKED.format(x="r")
    assert not found("BN306", text + LEARN)


def test_does_not_catch_frozen_layers() -> None:
    assert not found("BN306", ONE + fused() + LEARN)


def test_does_not_catch_a_graph_that_does_not_train() -> None:
    assert not found("BN306", ONE + BAKED.format(x="x"))
