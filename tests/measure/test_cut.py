"""What is fed is cut: what stands before it does not run, is not judged, and need not be fed itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import InputError, RunError
from bninspect.graph import load
from bninspect.graphdef.reader import records
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.run.needed import cut
from bninspect.run.program import Program
from bninspect.run.running import Running
from tests.support.pictures import graph_bytes
from tests.support.refreshing import refresh
from tests.support.stripping import strip
from tests.support.text import graphdef

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.measure.facts import Probe

MEAN, VARIANCE, EPSILON = [0.5, 0.5, 0.5], [1.0, 2.0, 1.0], 0.001


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A model whose image has a data set for a default, and whose factor is computed from a placeholder."""

    def build(tf: Any) -> None:
        v1 = tf.compat.v1
        data = tf.data.Dataset.from_tensors(tf.zeros([2, 4, 4, 3]))
        default = v1.data.make_one_shot_iterator(data).get_next()
        image = v1.placeholder_with_default(default, [None, 4, 4, 3], name="image")
        behind = v1.placeholder(tf.float32, [], name="behind")
        keep = v1.placeholder_with_default(behind * 2.0, [], name="keep")
        y, _, _ = v1.nn.fused_batch_norm(
            image * keep, tf.ones([3]), tf.zeros([3]), tf.constant(MEAN), tf.constant(VARIANCE), EPSILON,
            is_training=False,
        )  # fmt: skip
        tf.identity(y, name="out")

    model = tmp_path / "model.pb"
    model.write_bytes(graph_bytes(build))
    return model


def _probe(path: Path, request: Request) -> Probe:
    report = inspect(load(str(path)), outputs=("out",))
    return probe(report, Question(layers=report.layers, keep=True), request)


@pytest.mark.tensorflow
def test_the_default_of_what_is_fed_is_not_judged(path: Path) -> None:
    found = _probe(path, Request(random=4, feeds=("keep=0.5",)))
    assert found.verification.reason == "the mode of every layer is fixed in the file"
    assert found.companions is not None
    assert found.companions.reason is None


@pytest.mark.tensorflow
def test_the_value_fed_is_what_runs(path: Path, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(0, 1, (2, 4, 4, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    found = _probe(path, Request(feeds=("keep=0.5", f"image=@{tmp_path / 'x.npy'}")))
    expected = (0.5 * x.astype(np.float64) - MEAN) / np.sqrt(np.array(VARIANCE) + EPSILON)
    np.testing.assert_allclose(found.kept["inference/out:0"], expected, atol=1e-5)


@pytest.mark.tensorflow
def test_what_is_not_fed_is_judged_and_asked_for(path: Path) -> None:
    with pytest.raises(InputError, match="behind:0"):
        _probe(path, Request(random=4))
    with pytest.raises(RunError, match="is not on the allow-list"):
        _probe(path, Request(feeds=("keep=0.5",), input=None))


@pytest.mark.tensorflow
def test_strip_and_refresh_cut_as_well(path: Path, tmp_path: Path) -> None:
    request = Request(random=4, feeds=("keep=0.5",))
    verification = strip(path, tmp_path / "out.pb", outputs=("out",), request=request).verification
    assert verification is not None
    assert verification.state == "verified", verification.reason
    done = refresh(path, tmp_path / "new.pb", request, outputs=("out",))
    assert done.result is not None
    assert done.result.error is None


def test_only_a_node_of_one_output_is_cut() -> None:
    text = """
a = Const([1.0])
one = PlaceholderWithDefault(a, dtype=float)
b = Const([1.0])
two = FusedBatchNormV3(b, b, b, b, b, T=float)
out = Add(one, two, T=float)
more = Identity(two:1, T=float)
both = Add(out, more, T=float)
"""
    given = records(graphdef(text).SerializeToString(), "text")
    nodes = {node.name: node for node in cut(given, {"one:0", "two:0"}, ["both:0"]).nodes}
    assert (nodes["one"].op, nodes["one"].inputs, nodes["one"].attr("dtype")) == ("Placeholder", (), "float")
    assert "a" not in nodes
    assert nodes["two"].op == "FusedBatchNormV3"
    assert {"b", "out", "more"} <= nodes.keys()


@pytest.mark.parametrize(
    ("line", "dtype"),
    [
        ("t = Less(a, b, T=int32)", "bool"),
        ("t = LogicalNot(a)", "bool"),
        ("t = Cast(a, SrcT=float, DstT=int32)", "int32"),
        ("t = Identity(a, T=half)", "half"),
    ],
)
def test_a_placeholder_is_of_the_type_that_the_op_gives(line: str, dtype: str) -> None:
    message = graphdef(f"a = Placeholder(dtype=int32)\nb = Const(1)\n{line}\nu = Identity(t)\n")
    nodes = {node.name: node for node in cut(records(message.SerializeToString(), "m"), ["t:0"], ["u"]).nodes}
    assert (nodes["t"].op, nodes["t"].attr("dtype")) == ("Placeholder", dtype)


@pytest.mark.tensorflow
@pytest.mark.parametrize("port", [0, 1])
def test_a_conditional_gives_what_is_fed(port: int) -> None:
    """TensorFlow by itself gives what the branch gives: it takes the If apart first."""

    def build(tf: Any) -> None:
        v1 = tf.compat.v1
        x, taken = v1.placeholder(tf.float32, [2], name="x"), v1.placeholder(tf.bool, [], name="taken")
        both = tf.cond(taken, lambda: (x + 1.0, x + 2.0), lambda: (x + 3.0, x + 4.0), name="chosen")
        for index, value in enumerate(both):
            (conditional,) = (one for one in value.graph.get_operations() if one.type == "StatelessIf")
            tf.identity(conditional.outputs[index], name=f"y{index}")

    feeds = {"x:0": np.zeros(2, np.float32), "taken:0": np.array(True)}
    given = {f"chosen:{port}": np.array([7.0, 7.0], np.float32)}
    program = Program.of(records(graph_bytes(build), "m"), ["y0:0", "y1:0"], {*feeds, *given})
    with Running(program) as running:
        values = running.run(["y0:0", "y1:0"], {**feeds, **given})
    assert [value.tolist() for value in values] == [
        [7.0, 7.0] if index == port else [index + 1.0, index + 1.0] for index in (0, 1)
    ]
