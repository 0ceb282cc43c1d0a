"""Frozen in memory, a model with its checkpoint gives what TensorFlow gives after restoring it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Report, inspect
from bninspect.errors import RewriteError
from bninspect.graph import Graph
from bninspect.graphdef.writer import serialized
from bninspect.models.restore import load
from bninspect.rewrite.freeze import frozen
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

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
    # the ends of functions wait for the reads of variables, which are gone
    assert [tensor.node.controls for tensor in report.outputs] == [()] * len(original.outputs)
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
    assert layer.statistics.values is not None
    np.testing.assert_array_equal(layer.statistics.values.mean.array(), norm.moving_mean.numpy())
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
    with pytest.raises(RewriteError, match=r"train.meta: no checkpoint beside it: it holds 7 variables"):
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


def test_a_saved_model_without_signatures(tmp_path: Path, tf: Any) -> None:
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    module.call = tf.function(lambda x: x * module.weight)
    for size in (1, 2):  # of a function with one form TensorFlow makes the serving signature
        module.call.get_concrete_function(tf.TensorSpec([size]))
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(RewriteError, match=r"serves nothing .*: write the SavedModel with signatures"):
        frozen(inspect(load(str(tmp_path))))


def saved(folder: Path, tf: Any, build: Callable[[Any], None]) -> tuple[str, dict[str, Any], list[Any]]:
    """(prefix, feeds, what TensorFlow computes at `output` after restoring) of the graph that this makes."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session(config=plain(tf)) as session:
        build(v1)
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver().save(session, str(folder / "model.ckpt"))
        graph = load(prefix)
        feeds = {**fed(graph), **decided(graph)}
        return prefix, feeds, [session.run("output:0", feeds)]


@pytest.mark.parametrize("batch_dims", [0, 1])
def test_rows_of_a_resource_variable(batch_dims: int, tmp_path: Path, tf: Any) -> None:
    def build(v1: Any) -> None:
        table = v1.get_variable("table", (2, 5, 3), use_resource=True)
        indices = v1.placeholder(tf.int32, (2, 4), "indices")
        types = {"resource": table.handle, "dtype": tf.float32}
        rows = tf.raw_ops.ResourceGather(**types, indices=indices, batch_dims=batch_dims)
        pairs = tf.raw_ops.ResourceGatherNd(**types, indices=indices[:, :2])
        tf.identity(tf.reduce_sum(rows) + pairs, name="output")

    prefix, feeds, expected = saved(tmp_path, tf, build)
    found = ours(frozen(inspect(load(prefix), outputs=["output"])), feeds, tf)
    np.testing.assert_array_equal(found, expected)


def test_a_handle_through_a_switch(tmp_path: Path, tf: Any) -> None:
    """The shape that a training graph notes of a handle is not that of the value."""

    def build(v1: Any) -> None:
        weight = v1.get_variable("weight", (3,), use_resource=True)
        images, training = (
            v1.placeholder(tf.float32, (2, 3), "images"),
            v1.placeholder(tf.bool, (), "training"),
        )
        branches = tf.raw_ops.Switch(data=weight.handle, pred=training)
        scales = [tf.raw_ops.ReadVariableOp(resource=one, dtype=tf.float32) for one in branches]
        merged = tf.raw_ops.Merge(inputs=[scales[0] * 2.0, scales[1]]).output
        tf.multiply(merged, images, name="output")

    prefix, feeds, expected = saved(tmp_path, tf, build)
    original = inspect(load(prefix), outputs=["output"])
    switch = next(node for node in original.graph if node.op == "Switch")
    assert switch.attr("_output_shapes") is not None
    np.testing.assert_array_equal(ours(frozen(original), feeds, tf), expected)


@pytest.mark.parametrize("resource", [False, True])
def test_a_variable_that_is_read_after_it_was_changed(resource: bool, tmp_path: Path, tf: Any) -> None:
    def build(v1: Any) -> None:
        count = v1.get_variable("count", (), initializer=v1.zeros_initializer(), use_resource=resource)
        images = v1.placeholder(tf.float32, (2, 3), "images")
        with tf.control_dependencies([count.assign_add(1.0, read_value=False)]):
            tf.add(images, count.read_value(), name="output")
        tf.add(images, count.read_value(), name="before")

    prefix, feeds, _ = saved(tmp_path, tf, build)
    with pytest.raises(RewriteError, match=r"reads the variable count after Assign\S* \S+ changed it"):
        frozen(inspect(load(prefix), outputs=["output"]))
    (found,) = ours(frozen(inspect(load(prefix), outputs=["before"])), feeds, tf)
    np.testing.assert_array_equal(found, feeds["images:0"])


def test_a_table_that_the_outputs_need(tmp_path: Path, tf: Any) -> None:
    """It is filled when the model is loaded, which a frozen graph does not do."""

    def build(v1: Any) -> None:
        weight, words = v1.get_variable("weight", (3,)), v1.placeholder(tf.string, (), "words")
        values = tf.lookup.KeyValueTensorInitializer(tf.constant(["a"]), tf.constant([1], tf.int64))
        ids = tf.lookup.StaticHashTable(values, 0).lookup(words)
        tf.add(weight, tf.cast(ids, tf.float32), name="worded")
        tf.add(weight, v1.placeholder(tf.float32, (2, 3), "images"), name="output")

    prefix, feeds, expected = saved(tmp_path, tf, build)
    with pytest.raises(RewriteError, match=r"the outputs need the lookup table \S+ \(HashTableV2\)"):
        frozen(inspect(load(prefix), outputs=["worded"]))
    np.testing.assert_array_equal(
        ours(frozen(inspect(load(prefix), outputs=["output"])), feeds, tf), expected
    )
