"""The training side of other people's MetaGraphs, against TensorFlow's own traversal of the same graphs.

TensorFlow imports the MetaGraph and its operations are walked through `op.inputs` and `op.control_inputs`:
an update of a statistic is an op that assigns to its variable and is neither the variable's initializer nor a
restore; it is wired where an optimizer's op, or what waits for one, depends on it.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.graph.ops import VARIABLES
from tests.batchnorm.test_corpus import report_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.batchnorm import BatchNorm

_NAMED = os.environ.get("BNINSPECT_CORPUS", "")
METAGRAPHS = (
    sorted(path.relative_to(_NAMED).as_posix() for path in Path(_NAMED).rglob("*.meta")) if _NAMED else []
)
MOMENTA: dict[str, set[float | None]] = {
    "HMS-IDAC__UNetCoreograph/model/model.ckpt.meta": {0.99},
    "Kislay-das__YOLOv3/checkpoint/yolov3_coco_demo.ckpt.meta": {0.99},
    "SJCaldwell__alpha-toe/temp/best.pth.tar.meta": {0.99},
    "chickenjohn__Autopilot-TensorFlow-In-BNN/save/model.ckpt.meta": {0.999},
    "deeplearning4j__dl4j-test-resources/ssd_inception_v2_coco_2018_01_28/model.ckpt.meta": {None},
    "mmabadal__dgcnn/12/model.ckpt.meta": {0.9, None},
}
"""One is a graph for evaluation; one computes its momentum from the step in most of its layers."""
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    pytest.mark.skipif(not METAGRAPHS, reason="BNINSPECT_CORPUS names no folder with MetaGraphs"),
]
each = pytest.mark.parametrize("file", METAGRAPHS or ["corpus"])
APPLIES = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")
PASSES_ON = {"Identity", "Switch", "RefSwitch", "RefIdentity", "Enter", "RefEnter", "ReadVariableOp"}


@cache
def imported(file: str) -> Any:
    """The graph as TensorFlow imports it: without the shapes that older versions noted, of which some have
    become wrong.
    """
    import tensorflow as tf

    meta = tf.compat.v1.MetaGraphDef.FromString((Path(_NAMED) / file).read_bytes())
    for node in meta.graph_def.node:
        node.attr.pop("_output_shapes", None)
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.train.import_meta_graph(meta, clear_devices=True)
    return graph


def before(op: Any) -> list[Any]:
    return [tensor.op for tensor in op.inputs] + list(op.control_inputs)


def closure(ops: Iterable[Any], step: Any) -> set[Any]:
    """The ops and all that the steps lead to."""
    found = set(ops)
    stack = list(found)
    while stack:
        for other in step(stack.pop()):
            if other not in found:
                found.add(other)
                stack.append(other)
    return found


@cache
def trained(file: str) -> frozenset[Any]:
    """Every op that runs in a training step: what the optimizers' ops, or those that wait for them, need."""
    ops = imported(file).get_operations()
    after: dict[Any, list[Any]] = {}
    for op in ops:
        for other in before(op):
            after.setdefault(other, []).append(op)
    applies = [op for op in ops if op.type.startswith(APPLIES)]
    return frozenset(closure(closure(applies, lambda op: after.get(op, [])), before))


def assigns(file: str, variable: str) -> set[Any]:
    """The ops that assign to a variable, but for its initializer and those that restore it."""
    graph = imported(file)
    holders = [graph.get_operation_by_name(variable)]
    found = set()
    for op in holders:
        for tensor in op.outputs:
            for user in tensor.consumers():
                if user.type.startswith("Assign") and user.inputs[0] is tensor:
                    found.add(user)
                elif user.type in PASSES_ON and user not in holders:
                    holders.append(user)
    initializers = {
        kept.initializer for kept in graph.get_collection("variables") if kept.op.name == variable
    }
    restores = {op for op in found if any("Restore" in other.type for other in before(op))}
    assert initializers & found or not graph.get_collection("variables")
    return found - initializers - restores


def statistics_of(layer: BatchNorm) -> list[str]:
    kept = [tensor.node for tensor in (layer.moving_mean, layer.moving_variance) if tensor is not None]
    assert len(kept) == 2
    assert all(node.op in VARIABLES for node in kept)
    return [node.name for node in kept]


@each
def test_update_ops(file: str) -> None:
    """Of a layer in a graph without collections nothing tells an initializer, which needs no input."""
    for layer in report_of(file).layers:
        truth = set().union(*(assigns(file, name) for name in statistics_of(layer)))
        if not imported(file).get_collection("variables"):
            truth = {
                op for op in truth if any(other.type == "Placeholder" for other in closure([op], before))
            }
        assert {node.name for node in layer.update_ops} == {op.name for op in truth}


@each
def test_wired(file: str) -> None:
    run = trained(file)
    for layer in report_of(file).layers:
        truth = [assigns(file, name) for name in statistics_of(layer)]
        if not run:
            assert layer.updates is None
        elif not any(truth):
            assert layer.updates == "none"
        else:
            assert layer.updates == ("run" if all(ops & run for ops in truth) else "unused")


@each
def test_trainable(file: str) -> None:
    graph = imported(file)
    listed = {variable.op.name for variable in graph.get_collection("trainable_variables")}
    for layer in report_of(file).layers:
        kept = {
            "gamma": layer.gamma,
            "beta": layer.beta,
            "moving_mean": layer.moving_mean,
            "moving_variance": layer.moving_variance,
        }
        names = tuple(name for name, tensor in kept.items() if tensor and tensor.node.name in listed)
        assert layer.trainable == (names if trained(file) else None)


@each
def test_momentum(file: str) -> None:
    """By TensorFlow: the share of the old value that an update leaves, as its arithmetic gives it when the
    statistic is 1 and the batch's is 0, in training.
    """
    import tensorflow as tf

    layers = report_of(file).layers
    assert {layer.momentum for layer in layers} == MOMENTA.get(file, {layer.momentum for layer in layers})
    graph = imported(file)
    wanted: dict[str, tuple[Any, float]] = {}
    for layer in layers:
        if layer.momentum is not None:
            ops = [graph.get_operation_by_name(node.name) for node in layer.update_ops]
            wanted.update({op.name: (op, layer.momentum) for op in ops})
    if not wanted:
        return
    placeholders = [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]
    feeds: dict[Any, Any] = {tensor: True for tensor in placeholders if tensor.dtype == tf.bool}
    computed = []
    for op, _ in wanted.values():
        product, old = kept_of(op)
        feeds[old] = np.ones(old.shape.as_list(), np.float32)
        computed.append(product)
    with tf.compat.v1.Session(graph=graph) as session:
        shares = session.run(computed, feeds)
    for (op, momentum), share in zip(wanted.values(), shares, strict=True):
        left = 1.0 - share if op.type.startswith("AssignSub") else share
        np.testing.assert_allclose(left, momentum, atol=1e-6)


def kept_of(op: Any) -> tuple[Any, Any]:
    """(the product, its operand of one value per channel): `(v - b)*rate` of what is subtracted, or the `v*m`
    of a sum. Where the operand is 1 the product is the rate, or the momentum.
    """
    source = op.inputs[1].op
    while source.type == "Identity":
        source = source.inputs[0].op
    product = source if op.type.startswith("AssignSub") else source.inputs[0].op
    assert product.type == "Mul"
    (old,) = [tensor for tensor in product.inputs if tensor.shape.rank == 1]
    return product.outputs[0], old
