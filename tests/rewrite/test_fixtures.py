"""Every fixture specialized to both modes: what is found in the result; and it is the original, fed so."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.graph import load
from bninspect.graphdef.writer import serialized
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.rewrite import specialize
from tests.support.fixtures import with_loops
from tests.support.places import FIXTURES
from tests.support.tables import Row, fixtures

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.batchnorm import Report

FILES = [
    row
    for row in fixtures()
    if row.file.endswith((".pb", ".pbtxt")) and any(row.modes.values()) and row.file != "while_v2.pb"
]
SWITCHED = [row for row in FILES if row.mode == "switched" and row.runs == "yes"]
ROUNDING = 1e-4
"""The largest difference from the original, absolute; the outputs are up to some 300."""
TWO_IMAGES = ("siamese.pb", "siamese_decomposed.pb")
OTHERS_STAY = ("dropout", "net_mixed", "keras225_net", "tfkeras_lowered")
"""Fixtures where something besides batch norm reads the predicate's source (in the last, what TensorFlow's
lowering of an If left for the output to wait for)."""
NEEDS_TENSORFLOW = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")


report_of = cache(with_loops)


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("row", FILES, ids=lambda row: row.file)
def test_only_fixed_layers_of_that_mode_are_found_again(row: Row, mode: Mode, tmp_path: Path) -> None:
    report = report_of(row.file)
    special = specialize(report, mode)
    pruned = special.pruned((), report.outputs)
    (tmp_path / "m.pb").write_bytes(serialized(pruned.graphdef))
    names = tuple(pruned.names[tensor] for tensor in report.outputs)
    again = inspect(load(str(tmp_path / "m.pb")), outputs=names)
    left = sum(change.what == "left" for change in special.changes)
    wrong = [layer.name for layer in again.layers if layer.mode is not mode]
    assert len(wrong) == left
    assert len(again.layers) == len(report.layers)
    assert again.unrecognised == ()


@pytest.mark.parametrize("row", [row for row in FILES if row.mode == "switched"], ids=lambda row: row.file)
def test_no_predicate_is_left_on_account_of_batch_norm(row: Row) -> None:
    if row.file.startswith(OTHERS_STAY):
        pytest.skip("others read it")
    report = report_of(row.file)
    sources = {layer.switch.decided_by.node.name for layer in report.layers if layer.switch is not None}
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        pruned = specialize(report, mode).pruned((), report.outputs)
        nodes = {node.name: node.op for node in pruned.graphdef.nodes}
        assert not sources & set(nodes)
        if "while" not in row.file:
            assert not {"Switch", "Merge", "RefSwitch", "If", "StatelessIf"} & set(nodes.values())


@pytest.mark.tensorflow
@NEEDS_TENSORFLOW
@pytest.mark.parametrize("row", SWITCHED, ids=lambda row: row.file)
def test_both_modes_are_the_original_fed_by_its_predicate(row: Row) -> None:
    if row.file in TWO_IMAGES:
        pytest.skip("two images: told below")
    report = inspect(load(str(FIXTURES / row.file)))
    found = probe(report, Question(layers=report.layers), Request(random=3, seed=1))
    assert (found.verification.state, found.verification.reason) == ("verified", None)
    assert found.verification.max_abs is not None
    assert found.verification.max_abs < ROUNDING


@pytest.mark.tensorflow
@NEEDS_TENSORFLOW
def test_a_graph_rewritten_wrongly_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from bninspect.measure import both_modes

    def swapped(report: Report, choice: object) -> object:
        return specialize(report, Mode.INFERENCE)

    monkeypatch.setattr(both_modes, "specialize", swapped)
    report = inspect(load(str(FIXTURES / "layers_fused_115.pb")))
    found = probe(report, Question(layers=report.layers), Request(random=3, seed=1))
    assert found.verification.state == "differs"
    assert found.verification.max_abs is not None
    assert found.verification.max_abs > 1
    assert "in training mode differs by" in str(found.verification.reason)
