"""A file whose freezing left returns that TensorFlow does not find, held against the model before freezing.

`fixtures/layers_decomposed_if_2.pb` is such a file; here the network is built again, run, and then frozen by
TensorFlow, so that the numbers of the file have a truth that no reading of the file can give.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.cli import run
from bninspect.graphdef.reader import read
from tests.support.stripping import strip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

pytestmark = pytest.mark.tensorflow
X = np.random.default_rng(4).normal(3.0, 2.0, (16, 4, 4, 3)).astype(np.float32)
NEAR = 1e-5
"""Of values up to 10, for sums in another order."""


@dataclass(frozen=True)
class Frozen:
    """The file, and what its model gave before it was frozen."""

    path: str
    image: str
    """The file of X."""
    training: Array
    inference: Array

    def truth(self, *, training: bool) -> Array:
        """Of one mode."""
        return self.training if training else self.inference


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    tensorflow: Any = pytest.importorskip("tensorflow", reason="TensorFlow freezes it")
    tf, folder = tensorflow.compat.v1, tmp_path_factory.mktemp("frozen")
    with tf.Graph().as_default() as graph:
        x, phase = tf.placeholder(tf.float32, [None, 4, 4, 3], "x"), tf.placeholder(tf.bool, [], "phase")
        mean = tf.get_variable("mean", [3], initializer=tf.random_normal_initializer(seed=1))
        variance = tf.get_variable("variance", [3], initializer=tf.random_uniform_initializer(1, 2, seed=2))
        batch = tf.nn.moments(x, [0, 1, 2])
        chosen = [
            tf.cond(phase, lambda own=own: own, lambda stored=stored: stored.value())
            for own, stored in zip(batch, (mean, variance), strict=True)
        ]
        y = tf.nn.batch_normalization(x, *chosen, None, None, 1e-3)
        tf.identity(y, "y")
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            truths = [session.run("y:0", {x: X, phase: mode}) for mode in (True, False)]
            data = tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
    (folder / "frozen.pb").write_bytes(data.SerializeToString())
    np.save(folder / "x.npy", X)
    return Frozen(str(folder / "frozen.pb"), str(folder / "x.npy"), *truths)


def served(path: Any, feeds: dict[str, Any]) -> Array:
    """The output in TensorFlow's own session, its graph optimizer on."""
    tensorflow: Any = pytest.importorskip("tensorflow", reason="TensorFlow runs it")
    tf = tensorflow.compat.v1
    with tf.Graph().as_default() as graph, Path(path).open("rb") as file:
        tensorflow.import_graph_def(tf.GraphDef.FromString(file.read()), name="")
        with tf.Session(graph=graph) as session:
            return np.asarray(session.run("y:0", {"x:0": X, **feeds}))


def test_tensorflow_does_not_run_the_file_itself(frozen: Frozen) -> None:
    with pytest.raises(Exception, match=r"Return .* -> .*ReadVariableOp:value:0 is not found"):
        served(frozen.path, {"phase:0": False})


def test_its_functions_are_read_with_the_names_that_there_are(frozen: Frozen) -> None:
    functions = read(frozen.path).functions.values()
    wrong = [function for function in functions if function.misnamed]
    assert len(wrong) == 2
    for function in wrong:
        ((text,), (asked,)) = function.returns.values(), function.misnamed
        assert (text, asked.split(":")[1:]) == (f"{asked.split(':')[0]}:output:0", ["value", "0"])


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_strip_gives_what_the_model_gave_before_freezing(frozen: Frozen, tmp_path: Path, mode: Any) -> None:
    result = strip(frozen.path, tmp_path / "out.pb", mode=mode)
    assert result.verification is not None
    assert result.verification.state == "verified"
    own = served(tmp_path / "out.pb", {})
    np.testing.assert_allclose(own, frozen.truth(training=mode == "training"), rtol=0, atol=NEAR)


def test_probe_measures_both_modes(
    frozen: Frozen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "both.npz"
    assert run(["probe", frozen.path, "--feed", f"x=@{frozen.image}", "--save", str(saved)]) == 0
    assert "not verified" not in capsys.readouterr().out
    with np.load(saved) as arrays:
        for mode in ("training", "inference"):
            own = arrays[f"{mode}/y:0"]
            np.testing.assert_allclose(own, frozen.truth(training=mode == "training"), rtol=0, atol=NEAR)


def test_refresh_writes_a_file_that_runs(frozen: Frozen, tmp_path: Path) -> None:
    """Of which training mode is what it was, and inference mode what these very statistics give."""
    target = tmp_path / "out.pb"
    feed = ["--feed", f"x=@{frozen.image}"]
    assert run(["refresh", frozen.path, "-o", str(target), *feed]) == 0
    np.testing.assert_allclose(served(target, {"phase:0": True}), frozen.training, rtol=0, atol=NEAR)
    np.testing.assert_allclose(served(target, {"phase:0": False}), frozen.training, rtol=0, atol=1e-2)
    assert not any(function.misnamed for function in read(str(target)).functions.values())
