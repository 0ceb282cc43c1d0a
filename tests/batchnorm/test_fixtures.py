"""Every row of the fixtures' table: the layers, their modes, what decides, what feeding nothing serves."""

from __future__ import annotations

from functools import cache

import pytest

from bninspect.batchnorm import Mode, Report, inspect
from bninspect.errors import GraphDefError
from bninspect.graph import load
from tests.support.places import FIXTURES
from tests.support.tables import Row, counts, fixtures, modes

ROWS = fixtures()
KERAS = {
    "model.keras": "a .keras model",
    "model.h5": "HDF5",
    "model_115.h5": "HDF5",
    "model_keras225.h5": "HDF5",
}
"""What has to be loaded before there is a graph (`tests/models/keras/test_files.py`), and what it is called
until then.
"""
GRAPHS = [row for row in ROWS if row.file not in KERAS]
SEVERAL_SOURCES = {"and_two.pb"}
"""One predicate of two placeholders: no one source decides, and the report shows the predicate instead."""


def each(rows: list[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.file)


@cache
def report_of(file: str) -> Report:
    return inspect(load(str(FIXTURES / file)))


def test_the_table_is_whole() -> None:
    """Every model in the folder has its row, and every row its file."""
    named = {row.file.split("/")[0] for row in ROWS}
    models = {".pb", ".pbtxt", ".meta", ".keras", ".h5"}
    there = {
        path.name
        for path in FIXTURES.iterdir()
        if path.suffix in models or (path / "saved_model.pb").exists()
    }
    assert len(ROWS) > 100
    assert there <= named
    assert all((FIXTURES / row.file).exists() for row in ROWS)


@each(GRAPHS)
def test_layers(row: Row) -> None:
    assert counts(report_of(row.file)) == row.layers


@each(GRAPHS)
def test_modes(row: Row) -> None:
    assert modes(report_of(row.file)) == row.modes


@each([row for row in GRAPHS if row.training_when and row.file not in SEVERAL_SOURCES])
def test_source(row: Row) -> None:
    """An int32 placeholder that is compared with 1, or cast, counts as a source whose 1 is true."""
    layers = [layer for layer in report_of(row.file).layers if layer.switch is not None]
    found = {}
    for layer in layers:
        assert layer.switch is not None
        source = layer.switch.predicate.source
        assert source is not None
        found[source.node.name] = layer.switch.training_when
    assert found == row.training_when


@each([row for row in GRAPHS if row.file in SEVERAL_SOURCES])
def test_no_single_source(row: Row) -> None:
    for layer in report_of(row.file).layers:
        assert layer.switch is not None
        predicate = layer.switch.predicate
        assert (predicate.source, layer.switch.training_when) == (None, None)
        assert predicate.reason is not None
        assert all(name in predicate.reason for name in row.training_when)


@each([row for row in GRAPHS if "switched" in row.mode])
def test_default(row: Row) -> None:
    for layer in report_of(row.file).layers:
        if layer.switch is not None:
            served = layer.switch.served_by_default
            assert (served.value if served else "-") == row.default


@each([row for row in GRAPHS if "switched" not in row.mode])
def test_fixed(row: Row) -> None:
    """A fixed layer has one branch, and a predicate only where that is a constant, which serves its mode."""
    for layer in report_of(row.file).layers:
        assert (layer.training is None) == (layer.mode is Mode.INFERENCE)
        assert (layer.inference is None) == (layer.mode is Mode.TRAINING)
        if layer.switch is not None:
            assert layer.switch.constant is not None
            assert layer.switch.served_by_default is layer.mode


@each(GRAPHS)
def test_branches(row: Row) -> None:
    """A switched layer has two branches, taken by opposite values of its predicate."""
    for layer in report_of(row.file).layers:
        if layer.mode is Mode.SWITCHED:
            assert layer.switch is not None
            assert layer.training is not None
            assert layer.inference is not None
            assert layer.training.taken_when is layer.switch.training_when_predicate
            assert layer.inference.taken_when is not layer.switch.training_when_predicate


@each(GRAPHS)
def test_names_are_unique(row: Row) -> None:
    names = [layer.name for layer in report_of(row.file).layers]
    assert len(set(names)) == len(names)
    assert all(names)


@each([row for row in ROWS if row.file in KERAS])
def test_keras_files_are_named_as_what_they_are(row: Row) -> None:
    with pytest.raises(GraphDefError) as caught:
        load(str(FIXTURES / row.file))
    assert KERAS[row.file] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "state"),
    [
        ("classic.pb", "initial"),
        ("classic_net.pb", "initial"),
        ("layers_fused_115.pb", "stored"),
        ("layers_fused_if_2.pb", "stored"),
        ("layers_decomposed_if_2.pb", "stored"),
        ("cond_ema_14.pb", "stored"),
        ("keras3_inference.pb", "stored"),
        ("fixed_training_fused_115.pb", "absent"),
        ("fixed_training_decomposed_115.pb", "absent"),
        ("fixed_training_fused_2.pb", "stored"),
        ("train.meta", "unread"),
        ("saved_module", "unread"),
    ],
)
def test_statistics(file: str, state: str) -> None:
    for layer in report_of(file).layers:
        assert layer.statistics.state.value == state
        assert (layer.statistics.values is not None) == (state in ("initial", "stored"))


@pytest.mark.parametrize(
    ("file", "epsilon"),
    [
        ("epsilon_zero_115.pb", 1.001e-5),
        ("epsilon_zero_2.pb", 0.0),
        ("classic.pb", 1e-3),
        ("layers_decomposed_14.pb", 1e-3),
    ],
)
def test_epsilon(file: str, epsilon: float) -> None:
    """Read as stored: a float32 of what Python wrote."""
    (layer,) = report_of(file).layers
    assert layer.epsilon == pytest.approx(epsilon, rel=1e-6)


@pytest.mark.parametrize(
    ("file", "data_format"),
    [
        ("layers_fused_115.pb", "NHWC"),
        ("layers_decomposed_115.pb", "NHWC"),
        ("dense.pb", "NHWC"),
        ("conv3d.pb", "NHWC"),
        ("nchw.pb", "NCHW"),
        ("nchw_decomposed.pb", "NCHW"),
    ],
)
def test_data_format(file: str, data_format: str) -> None:
    assert [layer.data_format for layer in report_of(file).layers] == [data_format]


@pytest.mark.parametrize(
    ("file", "gamma", "beta"),
    [
        ("no_gamma.pb", False, True),
        ("no_beta.pb", True, False),
        ("neither.pb", False, False),
        ("dense.pb", True, True),
    ],
)
def test_parameters(file: str, gamma: bool, beta: bool) -> None:
    (layer,) = report_of(file).layers
    assert (layer.gamma is not None, layer.beta is not None) == (gamma, beta)


@pytest.mark.parametrize("file", ["siamese.pb", "siamese_decomposed.pb", "called_twice.pb"])
def test_two_calls_share_their_statistics(file: str) -> None:
    first, second = report_of(file).layers
    assert first.moving_mean is not None
    assert second.moving_mean is not None
    assert first.x != second.x
    assert first.moving_mean.name == second.moving_mean.name


def test_uncalled_functions_are_counted() -> None:
    for file in ("saved_module", "saved_training", "saved_tfkeras"):
        (skipped,) = report_of(file).skipped
        assert skipped.count >= 4
        assert "nothing that is served calls" in skipped.reason
