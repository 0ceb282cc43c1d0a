"""A Keras file is what the same model is in every other format: layers, statistics, numbers of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.cli import run
from bninspect.graph.search import upstream
from bninspect.graph.trace import stored_value
from bninspect.inputs.bind import bind
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.models.open import load
from bninspect.rewrite.freeze import frozen
from bninspect.rules import Case, judge
from tests.support.keras_models import (
    FORMATS,
    LAYERS,
    LIBRARIES,
    PARAMETERS,
    SavedModels,
    saved,
    saved_training,
)
from tests.support.places import FIXTURES
from tests.support.tables import Row, counts, fixtures, modes

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.measure.facts import Probe

pytestmark = pytest.mark.tensorflow

KERAS_FIXTURES = [row for row in fixtures() if row.file.endswith((".keras", ".h5"))]
REQUEST = Request(random=3, seed=5)


@pytest.fixture(scope="module")
def every_format(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SavedModels]:
    """The models by library."""
    pytest.importorskip("tf_keras")
    return {name: saved(name, tmp_path_factory.mktemp(name)) for name in LIBRARIES}


def each(*names: str) -> pytest.MarkDecorator:
    """Every library with these of its formats, without names with all."""
    pairs = [
        (library, name) for library, formats in FORMATS for name in formats if not names or name in names
    ]
    return pytest.mark.parametrize(("library", "name"), pairs)


def opened(models: dict[str, SavedModels], library: str, name: str) -> Report:
    return frozen(inspect(load(str(models[library].folder / name))))


def values(layer: BatchNorm, parameter: str) -> np.ndarray[Any, Any]:
    tensor = getattr(layer, parameter)
    held = stored_value(tensor.node)
    assert held is not None
    return held.numbers().reshape(-1)


def probed(report: Report) -> Probe:
    return probe(report, Question(layers=report.layers, keep=True), REQUEST)


@each()
def test_the_same_layers(every_format: dict[str, SavedModels], library: str, name: str) -> None:
    """In the order of the graph, called what the author called them, and with the same numbers bit by bit."""
    layers = opened(every_format, library, name).layers
    assert [layer.channels for layer in layers] == [channels for _, _, channels in LAYERS]
    for layer, (called, epsilon, _) in zip(layers, LAYERS, strict=True):
        assert called in layer.name
        assert layer.epsilon == float(np.float32(epsilon))
        assert layer.mode is Mode.INFERENCE
        assert layer.statistics.state.value == "stored"
        for parameter, expected in every_format[library].weights(called).items():
            assert parameter in PARAMETERS
            np.testing.assert_array_equal(values(layer, parameter), expected.astype(np.float64))


@each()
def test_the_same_numbers_of_a_probe(every_format: dict[str, SavedModels], library: str, name: str) -> None:
    """Inference is what Keras itself predicts; each layer's figures are those of the frozen graph.

    Float32 throughout: 1e-5 of the size of a value is 80 units in its last place.
    """
    report = opened(every_format, library, name)
    found = probed(report)
    expected = probed(opened(every_format, library, "frozen.pb"))
    assert found.verification.state != "differs"
    assert not found.skipped
    assert [layer.images for layer in found.layers] == [3, 3, 3]
    for one, other in zip(found.layers, expected.layers, strict=True):
        for figure in ("own", "deployed"):
            ours, theirs = getattr(one, figure).staleness, getattr(other, figure).staleness
            assert ours.verdict == theirs.verdict
            assert ours.score == pytest.approx(theirs.score, rel=1e-5)
        assert one.difference is not None
        assert other.difference is not None
        assert one.difference.rms == pytest.approx(other.difference.rms, rel=1e-5)
        assert one.difference.rms > 0.01, "the modes do differ"
    nodes = upstream(tensor.node for tensor in report.outputs)
    (image,) = next(iter(bind(report.graph, nodes, report.layers, REQUEST, set()).batches())).values()
    (output,) = (value for key, value in found.kept.items() if key.startswith("inference/"))
    np.testing.assert_allclose(output, every_format[library].predict(image), rtol=1e-5, atol=1e-6)


@each("model.keras", "model.h5")
def test_every_command_takes_it(
    every_format: dict[str, SavedModels],
    library: str,
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, stripped = str(every_format[library].folder / name), str(tmp_path / "stripped.pb")
    assert run(["graph", model]) == 0
    told = capsys.readouterr()
    form = "Keras archive" if name == "model.keras" else "Keras HDF5"
    assert told.out.splitlines()[-1].startswith(f"{form}, ")
    assert "3 batch norms run in inference mode" in told.out
    assert run(["check", model, "--exit-zero"]) == 0
    assert run(["probe", model, "--random", "2"]) == 0
    assert run(["strip", model, "-o", stripped]) == 0
    assert capsys.readouterr().err == told.err == ""
    assert [layer.mode for layer in inspect(load(stripped)).layers] == [Mode.INFERENCE] * 3
    refreshed = str(tmp_path / "refreshed.pb")
    assert run(["refresh", model, "-o", refreshed, "--random", "4", "--no-check"]) == 0
    for new, old in zip(inspect(load(refreshed)).layers, inspect(load(model)).layers, strict=True):
        assert (new.epsilon, new.channels) == (old.epsilon, old.channels)
        assert not np.array_equal(values(new, "moving_mean"), values(old, "moving_mean"))


def test_layers_that_train_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Called with training=True, which tf_keras keeps: findings and statistics are the SavedModel's."""
    pytest.importorskip("tf_keras")
    saved_training(tmp_path)
    found = {}
    for name in ("model.keras", "model.h5", "saved_model"):
        report = inspect(load(str(tmp_path / name)))
        codes = [(one.code, one.layer) for one in judge(Case(report=report)).findings]
        found[name] = (
            codes,
            [
                (layer.epsilon, layer.momentum, layer.mode, values(layer, "moving_mean").tolist())
                for layer in report.layers
            ],
        )
    assert found["model.keras"] == found["model.h5"] == found["saved_model"]
    codes, layers = found["model.h5"]
    assert [mode for _, _, mode, _ in layers] == [Mode.TRAINING] * 2
    assert sorted(codes) == [
        ("BN101", "net/bn_images"),
        ("BN101", "net/bn_rows"),
        ("BN108", "net/bn_images"),
        ("BN108", "net/bn_rows"),
    ]
    stripped = str(tmp_path / "stripped.pb")
    assert run(["strip", str(tmp_path / "model.h5"), "-o", stripped, "--mode", "training"]) == 0
    assert "verified: the outputs are those of the original" in capsys.readouterr().out
    assert not any(node.op == "VarHandleOp" for node in load(stripped))


@pytest.mark.parametrize("row", KERAS_FIXTURES, ids=lambda row: row.file)
def test_fixtures(row: Row) -> None:
    """The rows of the fixtures' table, those of TensorFlow 1.15 among them."""
    pytest.importorskip("tf_keras")
    report = inspect(load(str(FIXTURES / row.file)))
    assert (counts(report), modes(report)) == (row.layers, row.modes)
    assert {layer.statistics.state.value for layer in report.layers} == {"stored"}
