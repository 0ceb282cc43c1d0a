"""Names and node order decide nothing: renamed, under a scope, or shuffled, a model gives the same answers.

Compared is a digest of everything a report says, names translated back. What a layer is *called* is the one
thing that follows the names, so it is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from bninspect.batchnorm import BatchNorm, Branch, Report, inspect
from bninspect.graph import Tensor, load
from tests.support.respelling import model, permuted, prefixed, renamed, write
from tests.support.tables import Row, fixtures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = [row for row in fixtures() if not row.file.endswith((".keras", ".h5"))]
SMALL = [row for row in ROWS if "switched" in row.mode or "unrecognised" in row.layers]
SCOPE = "imported/model"
SEED = 11


def each(rows: list[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.file)


def as_it_is(text: str) -> str:
    return text


def without_scope(text: str) -> str:
    return text.replace(SCOPE + "/", "")


def digest(report: Report, back: Callable[[str], str] = as_it_is) -> dict[str, Any]:
    """Everything a report says but what the layers are called, with names as `back` gives them."""
    return {
        "outputs": [_tensor(tensor, back) for tensor in report.outputs],
        "layers": [_layer(layer, back) for layer in report.layers],
        "switches": [[_tensor(layer.output, back) for layer in group.layers] for group in report.switches],
        "lookalikes": [
            (back(found.node.name), found.kind, back(found.reason)) for found in report.lookalikes
        ],
        "unrecognised": [(back(found.node), back(found.reason)) for found in report.unrecognised],
        "skipped": [(skipped.count, back(skipped.reason)) for skipped in report.skipped],
    }


def unordered(found: dict[str, Any]) -> dict[str, Any]:
    """A digest with sorted lists, for models with several outputs: these stand in the order of the file."""
    found = dict(found, switches=[sorted(map(str, group)) for group in found["switches"]])
    return {key: sorted(map(str, value)) for key, value in found.items()}


def _layer(layer: BatchNorm, back: Callable[[str], str]) -> tuple[object, ...]:
    switch: tuple[object, ...] = ()
    if layer.switch is not None:
        predicate = layer.switch.predicate
        switch = (
            _tensor(predicate.tensor, back),
            _tensor(predicate.behind, back),
            _tensor(predicate.source, back),
            predicate.constant,
            predicate.default,
            predicate.true_when,
            back(predicate.reason or ""),
            layer.switch.training_when_predicate,
            layer.switch.training_when,
            layer.switch.served_by_default,
        )
    parts = (layer.x, layer.output, layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    statistics, held = layer.statistics, layer.statistics.values
    return (
        layer.form,
        layer.op,
        layer.mode,
        switch,
        _branch(layer.training, back),
        _branch(layer.inference, back),
        [back(merge.name) for merge in layer.merges],
        [_tensor(part, back) for part in parts],
        layer.epsilon,
        layer.momentum,
        layer.data_format,
        layer.channels,
        (statistics.state, back(statistics.reason or "")),
        None if held is None else (held.mean_range, held.variance_range),
        (layer.updates, layer.trainable),
        [back(name) for name in layer.functions],
    )


def _branch(branch: Branch | None, back: Callable[[str], str]) -> tuple[object, ...]:
    if branch is None:
        return ()
    tensors = (branch.output, branch.mean, branch.variance)
    return (back(branch.node.name), branch.taken_when, *(_tensor(tensor, back) for tensor in tensors))


def _tensor(tensor: Tensor | None, back: Callable[[str], str]) -> str:
    return "" if tensor is None else f"{back(tensor.node.name)}:{tensor.port}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def told(message: Any, folder: Path, back: Callable[[str], str] = as_it_is) -> dict[str, Any]:
    return digest(inspect(load(write(message, folder))), back)


def assert_same_shuffled(message: Any, shuffled: dict[str, Any], folder: Path) -> None:
    """With one output the layers stand in the order of the graph; with several, only the set is the same."""
    original = told(message, folder)
    if len(original["outputs"]) == 1:
        assert shuffled == original
    assert unordered(shuffled) == unordered(original)


@each(ROWS)
def test_renamed(row: Row, folder: Path) -> None:
    message = model(row.file)
    other, names = renamed(message, SEED)
    assert told(other, folder, names.back) == told(message, folder)


@each(ROWS)
def test_prefixed(row: Row, folder: Path) -> None:
    message = model(row.file)
    assert told(prefixed(message, SCOPE), folder, without_scope) == told(message, folder)


@each(ROWS)
def test_permuted(row: Row, folder: Path) -> None:
    message = model(row.file)
    assert_same_shuffled(message, told(permuted(message, SEED), folder), folder)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(row=st.sampled_from(SMALL), order=st.integers(0, 2**32), names=st.integers(0, 2**32))
def test_renamed_and_permuted(row: Row, order: int, names: int, folder: Path) -> None:
    message = model(row.file)
    other, opaque = renamed(permuted(message, order), names)
    assert_same_shuffled(message, told(other, folder, opaque.back), folder)
