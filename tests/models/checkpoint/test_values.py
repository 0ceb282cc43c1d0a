"""The values on a graph's variables are those that TensorFlow has after restoring, whatever the keys are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bninspect.batchnorm import State, inspect
from bninspect.cli import run
from bninspect.errors import GraphDefError
from bninspect.graph.ops import VARIABLES
from bninspect.graphdef import read
from bninspect.models.checkpoint.checkpoint import Checkpoint
from bninspect.models.restore import load, with_checkpoint
from tests.support.places import FIXTURES

PREFIXES = sorted(
    str(path)[: -len(".meta")]
    for path in FIXTURES.rglob("*.meta")
    if path.parent != FIXTURES and path.with_suffix(".index").exists()
)
SAVED = sorted(str(path) for path in FIXTURES.glob("saved_*"))


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow", reason="TensorFlow is the truth")


def held(graph: Any, session: Any, tf: Any) -> dict[str, Any]:
    """Name of a variable's node -> its value in the session."""
    found = {}
    for operation in graph.get_operations():
        if operation.type in VARIABLES:
            value = operation.outputs[0]
            if operation.type == "VarHandleOp":
                value = tf.raw_ops.ReadVariableOp(resource=value, dtype=operation.get_attr("dtype"))
            found[operation.name] = session.run(value)
    return found


def check(path: str, expected: dict[str, Any], unsaved: int) -> None:
    """Asserts that the graph at the path has these values, all but so many."""
    variables = load(path).graphdef.variables
    assert variables is not None
    assert set(variables) <= set(expected)
    assert len(expected) - len(variables) == unsaved
    for name, value in variables.items():
        np.testing.assert_array_equal(value.array(), expected[name], err_msg=name, strict=True)


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda path: path[len(str(FIXTURES)) + 1 :])
def test_a_checkpoint(prefix: str, tf: Any) -> None:
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        meta = tf.compat.v1.MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
        for node in meta.graph_def.node:
            node.attr.pop("_output_shapes", None)  # of old gradients, which new TensorFlow takes offence at
        saver = tf.compat.v1.train.import_meta_graph(meta, clear_devices=True)
        session.run(tf.compat.v1.global_variables_initializer())
        saver.restore(session, prefix)
        check(prefix, held(graph, session, tf), unsaved=2 if "not_saved" in prefix else 0)


@pytest.mark.parametrize("folder", SAVED, ids=lambda path: Path(path).name)
def test_a_saved_model(folder: str, tf: Any) -> None:
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        tf.compat.v1.saved_model.load(session, ["serve"], folder)
        check(folder, held(graph, session, tf), unsaved=0)


def test_averages_restored_into_what_they_average() -> None:
    """The saver of the evaluation puts an average into the variable it averages, which is there, too."""
    prefix = str(FIXTURES / "training" / "restored_averages_115" / "model.ckpt-20")
    checkpoint, variables = Checkpoint.open(prefix), load(prefix).graphdef.variables
    assert variables is not None
    for name in ("bn/gamma", "bn/moving_mean", "bn/moving_variance"):
        found, raw = variables[name].array(), checkpoint[name].array()
        np.testing.assert_array_equal(found, checkpoint[f"{name}/ExponentialMovingAverage"].array())
        assert not np.array_equal(found, raw)


def test_a_variable_whose_key_is_put_into_another(tmp_path: Path, tf: Any) -> None:
    """TensorFlow does not restore it: what stands under its name is the other one's."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        weight, average = (v1.get_variable(name, (3,), use_resource=False) for name in ("weight", "average"))
        tf.add(weight + average, v1.placeholder(tf.float32, (3,)), name="output")
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver({"average": weight}).save(session, str(tmp_path / "model.ckpt"))
        check(prefix, {"weight": session.run(weight), "average": None}, unsaved=1)


def test_what_the_checkpoint_leaves_out_is_said() -> None:
    report = inspect(load(str(FIXTURES / "training" / "not_saved_115")))
    (layer,) = report.layers
    assert layer.statistics.state is State.UNREAD
    assert layer.statistics.reason == "they are in variables that the checkpoint does not hold"


def test_a_graph_without_a_saver_goes_by_name() -> None:
    prefix = str(FIXTURES / "training" / "wired_115" / "model.ckpt-20")
    graphdef, saved = read(f"{prefix}.meta"), load(prefix).graphdef.variables
    nodes = tuple(node for node in graphdef.nodes if not node.name.startswith("save/"))
    assert len(nodes) < len(graphdef.nodes)
    found = with_checkpoint(replace(graphdef, nodes=nodes, restore_op=None), prefix).variables
    assert found is not None
    assert saved is not None
    assert set(found) == set(saved)


def test_a_checkpoint_of_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str], tf: Any) -> None:
    source = FIXTURES / "training" / "wired_115"
    meta = tf.compat.v1.MetaGraphDef.FromString((source / "model.ckpt-20.meta").read_bytes())
    for node in meta.graph_def.node:
        if node.op in VARIABLES and node.name.startswith("bn/"):
            node.attr["shape"].shape.CopyFrom(tf.TensorShape((3,)).as_proto())
    for path in source.glob("model.ckpt-20.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.ckpt-20.meta").write_bytes(meta.SerializeToString())
    with pytest.raises(
        GraphDefError, match=r"'bn/.*' is of shape \[2\] in the checkpoint, and its variable bn/.* of \[3\]"
    ):
        load(str(tmp_path / "model.ckpt-20"))
    for command in ("graph", "check"):
        assert run([command, str(tmp_path / "model.ckpt-20.meta")]) == 2
        told = "".join(capsys.readouterr())
        assert "a checkpoint of another model" in " ".join(told.split())


def test_a_checkpoint_without_any_of_the_variables(tmp_path: Path, tf: Any) -> None:
    v1 = tf.compat.v1
    for name in ("mine", "other"):
        with tf.Graph().as_default(), v1.Session() as session:
            v1.get_variable(name, (3,))
            session.run(v1.global_variables_initializer())
            v1.train.Saver().save(session, str(tmp_path / name))
    (tmp_path / "other.meta").write_bytes((tmp_path / "mine.meta").read_bytes())
    with pytest.raises(GraphDefError, match=r"holds none of its variables, but such as 'other'"):
        load(str(tmp_path / "other"))


@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.parametrize("resource", [False, True])
def test_a_variable_in_parts(version: str, resource: bool, tmp_path: Path, tf: Any) -> None:
    """Each part is a variable of its own, and one tensor of the checkpoint."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as session:
        whole = v1.get_variable(
            "kernel", (7, 5), partitioner=v1.fixed_size_partitioner(3), use_resource=resource
        )
        v1.get_variable("bias", (5,), use_resource=resource)
        tf.matmul(v1.placeholder(tf.float32, (None, 7)), tf.convert_to_tensor(whole), name="output")
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(write_version=getattr(v1.train.SaverDef, version))
        prefix = saver.save(session, str(tmp_path / "model.ckpt"))
        check(prefix, held(graph, session, tf), unsaved=0)
