"""_FusedBatchNormEx written out: what it computes, by its formula in float64, on any processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.graphdef.reader import records
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import serialized
from bninspect.run.session import Session
from bninspect.run.unfused import unfused
from tests.support.text import graphdef

if TYPE_CHECKING:
    from bninspect.graphdef import GraphDef

GAMMA, BETA, MEAN, VARIANCE = [0.5, 2.0, -1.0], [0.1, -0.2, 0.3], [0.2, -0.1, 0.4], [1.5, 0.5, 2.0]
EPSILON = 0.001


def _text(side: bool, activation: str, training: bool) -> str:
    moments = ("empty", "empty") if training else ("mean", "variance")
    inputs = f"x, gamma, beta, {moments[0]}, {moments[1]}{', side' if side else ''}"
    return f"""
x = Placeholder(dtype=float, shape=[-1, 2, 2, 3])
side = Placeholder(dtype=float, shape=[-1, 2, 2, 3])
gamma = Const({GAMMA})
beta = Const({BETA})
mean = Const({MEAN})
variance = Const({VARIANCE})
empty = Placeholder(dtype=float, shape=[0])
bn = _FusedBatchNormEx({inputs}, ^mean, T=float, U=float, epsilon={EPSILON}, num_side_inputs={int(side)}, \
activation_mode="{activation}", is_training={str(training).lower()})
statistic = Identity(bn:1, T=float)
output = Identity(bn, T=float)
bn/normalized = Const(1.0)
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("activation", ["Identity", "Relu"])
@pytest.mark.parametrize("side", [False, True])
def test_it_computes_what_the_op_stands_for(side: bool, activation: str, training: bool) -> None:
    text = _text(side, activation, training)
    written = unfused(records(graphdef(text).SerializeToString(), "text"))
    assert "_FusedBatchNormEx" not in {node.op for node in written.nodes}
    draw = np.random.default_rng(0)
    x, more = draw.normal(0.5, 2, (2, 4, 2, 2, 3)).astype(np.float32)
    feeds = {"x:0": x, **({"side:0": more} if side else {})}
    feeds |= {"empty:0": np.zeros(0, np.float32)} if training else {}
    with Session(serialized(written)) as session:
        output, statistic = session.run(["output:0", "statistic:0"], feeds)
    wide = x.astype(np.float64)
    mean = wide.mean((0, 1, 2)) if training else np.array(MEAN)
    variance = wide.var((0, 1, 2)) if training else np.array(VARIANCE)
    expected = (wide - mean) / np.sqrt(variance + EPSILON) * GAMMA + BETA
    expected = expected + more if side else expected
    expected = np.maximum(expected, 0) if activation == "Relu" else expected
    np.testing.assert_allclose(output, expected, atol=1e-5)
    np.testing.assert_allclose(statistic, mean, atol=1e-6)


def test_a_name_that_is_taken_is_left_and_controls_stay() -> None:
    text = _text(side=True, activation="Relu", training=False)
    nodes = {node.name: node for node in unfused(records(graphdef(text).SerializeToString(), "t")).nodes}
    assert nodes["bn/normalized"].op == "Const"
    assert nodes["bn/normalized_1"].inputs == ("x", "gamma", "beta", "mean", "variance", "^mean")
    assert nodes["bn/sum"].inputs == ("bn/normalized_1", "side")
    assert (nodes["bn"].op, nodes["bn"].inputs) == ("Relu", ("bn/sum",))
    assert nodes["statistic"].inputs == ("bn/normalized_1:1",)


def test_records_without_the_op_are_the_same() -> None:
    given = records(graphdef("x = Placeholder(dtype=float)").SerializeToString(), "text")
    assert unfused(given) is given


@pytest.mark.parametrize(
    "damage", ["U=[1, 2]", "T=3", "epsilon=[1, 2]", "data_format=@function", "U=@function"]
)
def test_attributes_are_copied_whatever_they_are(damage: str) -> None:
    """TensorFlow says what is wrong with them: of the file written, as of the one read."""
    key = damage.partition("=")[0]
    text = _text(True, "Relu", training=False).replace(f"{key}=float, ", "").replace(f"{key}={EPSILON}, ", "")
    graph = graphdef(text.replace("num_side_inputs", f"{damage}, num_side_inputs"))
    [given] = [node for node in graph.node if node.op == "_FusedBatchNormEx"]
    written = unfused(records(graph.SerializeToString(), "text"))
    [found] = [node for node in message(written).node if node.op == "FusedBatchNormV3"]
    assert found.attr[key] == given.attr[key]
    assert set(found.attr) == {"T", "U", "epsilon", "is_training", key}


def message(written: GraphDef) -> Any:
    parsed = message_class("GraphDef")()
    parsed.ParseFromString(serialized(written))
    return parsed
