"""Frozen in memory, a model with its checkpoint gives what TensorFlow gives after restoring it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bninspect.batchnorm import Report, inspect
from bninspect.errors import RewriteError
from bninspect.graphdef import Graph
from bninspect.graphdef.writer import serialized
from bninspect.rewrite.freeze import frozen
from bninspect.variables import load

FIXTURES = Path(__file__).parents[2] / "fixtures"
PREFIXES = [
    FIXTURES / "checkpoint" / "model.ckpt",
    *sorted(path.with_suffix("") for path in (FIXTURES / "training").glob("*/*-20.meta")),
]
SAVED = sorted(FIXTURES.glob("saved_*"))
UNSAVED = ("not_saved_115",)
"""Their checkpoints leave the moving averages out; nothing that the outputs need, for the layers train."""


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow", reason="TensorFlow is the truth")


def fed(graph: Graph) -> dict[str, Any]:
    """Two seeded random values for each placeholder without a default."""
    random, found = np.random.default_rng(0), {}
    for node in graph:
        if node.op != "Placeholder" or not node.attr("shape"):
            continue
        shape = [2 if size < 0 else size for size in node.attr("shape")]
        kind = str(node.attr("dtype"))
        values = random.normal(size=shape) if kind == "float" else random.integers(0, 2, shape)
        found[f"{node.name}:0"] = values.astype({"float": "float32"}.get(kind, kind))
    return found


def decided(graph: Graph) -> dict[str, Any]:
    """False for every boolean of no dimensions."""
    return {
        f"{node.name}:0": False
        for node in graph
        if node.op == "Placeholder" and node.attr("dtype") == "bool" and not node.attr("shape")
    }


def plain(tf: Any) -> Any:
    """A session that runs the graph as it stands: constants would be folded, variables not."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = -1
    return config


def ours(report: Report, feeds: dict[str, Any], tf: Any) -> list[Any]:
    """The outputs of the frozen graph."""
    with tf.Graph().as_default() as graph:
        graphdef = tf.compat.v1.GraphDef.FromString(serialized(report.graph.graphdef))
        tf.import_graph_def(graphdef, name="")
        present = {name: value for name, value in feeds.items() if name[:-2] in report.graph}
        with tf.compat.v1.Session(graph=graph, config=plain(tf)) as session:
            found: list[Any] = session.run([tensor.name for tensor in report.outputs], present)
    return found


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda path: path.parent.name)
def test_a_checkpoint(prefix: Path, tf: Any) -> None:
    original = inspect(load(str(prefix)))
    report = frozen(original)
    assert [layer.name for layer in report.layers] == [layer.name for layer in original.layers]
    assert [layer.mode for layer in report.layers] == [layer.mode for layer in original.layers]
    feeds = {**fed(original.graph), **decided(original.graph)}
    names = [tensor.name for tensor in original.outputs]
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph, config=plain(tf)) as session:
        meta = tf.compat.v1.MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
        for node in meta.graph_def.node:
            node.attr.pop("_output_shapes", None)  # of old gradients, which new TensorFlow takes offence at
        saver = tf.compat.v1.train.import_meta_graph(meta, clear_devices=True)
        session.run(tf.compat.v1.global_variables_initializer())
        saver.restore(session, str(prefix))
        # an output of a training graph may be the loss behind a step: then TensorFlow takes that step
        expected = session.run(names, feeds)
    for name, theirs, found in zip(names, expected, ours(report, feeds, tf), strict=True):
        np.testing.assert_array_equal(found, theirs, err_msg=name)


@pytest.mark.parametrize("folder", SAVED, ids=lambda path: path.name)
def test_a_saved_model(folder: Path, tf: Any) -> None:
    original = inspect(load(str(folder)))
    report = frozen(original)
    assert [layer.name for layer in report.layers] == [layer.name for layer in original.layers]
    assert [layer.statistics.state for layer in report.layers] == [
        layer.statistics.state for layer in original.layers
    ]
    feeds = fed(original.graph)
    serving = tf.saved_model.load(str(folder)).signatures["serving_default"]
    keys = {tensor.name: key for key, tensor in _inputs(folder, tf).items()}
    theirs = serving(**{keys[name]: tf.constant(value) for name, value in feeds.items()})
    expected = [theirs[key].numpy() for key in sorted(theirs)]
    found = ours(report, feeds, tf)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_keras_saves_a_variable_twice(tmp_path: Path, tf: Any) -> None:
    """What Keras 3 restores and what it serves are two nodes of the graph, and one object."""
    keras = pytest.importorskip("keras", minversion="3", reason="Keras 3")
    norm = keras.layers.BatchNormalization(name="bn")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv"), norm])
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(random.uniform(0.5, 2, weight.shape))
    tf.saved_model.save(model, str(tmp_path / "saved"))
    (layer,) = inspect(load(str(tmp_path / "saved"))).layers
    assert layer.statistics.mean is not None
    np.testing.assert_array_equal(layer.statistics.mean.array(), norm.moving_mean.numpy())
    report = frozen(inspect(load(str(tmp_path / "saved"))))
    feeds = fed(report.graph)
    (image,) = feeds.values()
    (found,) = ours(report, feeds, tf)
    expected = model(image, training=False).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)  # another order of float32 sums


def _inputs(folder: Path, tf: Any) -> Any:
    """The inputs of the serving signature, by key."""
    saved = tf.compat.v1.saved_model.load
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        return saved(session, ["serve"], str(folder)).signature_def["serving_default"].inputs


def test_a_frozen_graph_stays_as_it_is() -> None:
    report = inspect(load(str(FIXTURES / "classic.pb")))
    assert frozen(report) is report


def test_without_a_checkpoint() -> None:
    report = inspect(load(str(FIXTURES / "train.meta")))
    with pytest.raises(RewriteError, match=r"train.meta: its weights are in variables, and no checkpoint"):
        frozen(report)


def test_what_the_outputs_need_is_not_in_the_checkpoint(tmp_path: Path) -> None:
    source = FIXTURES / "training" / "not_saved_115"
    for path in source.iterdir():
        if path.name.startswith("model.ckpt-20"):
            (tmp_path / path.name.replace("-20", "-30")).write_bytes(path.read_bytes())
    other = FIXTURES / "training" / "switched_115" / "model.ckpt-20.meta"
    (tmp_path / "model.ckpt-30.meta").write_bytes(other.read_bytes())
    report = inspect(load(str(tmp_path / "model.ckpt-30.meta")))
    with pytest.raises(RewriteError, match=r"not in the checkpoint .*model.ckpt-30: .*moving_mean"):
        frozen(report)
