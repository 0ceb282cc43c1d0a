"""A switched normalization that could not be decided is named, and a probe does not call itself verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from bninspect.batchnorm import inspect
from bninspect.inputs.request import Request
from bninspect.measure.both_modes import both_modes
from bninspect.measure.facts import Question, Verification
from bninspect.measure.left_out import qualified
from bninspect.measure.run import probe
from tests.support.refreshing import refresh
from tests.support.text import graph, graphdef

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.measure.facts import Probe

pytestmark = pytest.mark.tensorflow

_LAYER = """
{n}/stored_mean = Const([0.1, 0.2, 0.3])
{n}/stored_variance = Const([1.5, 0.5, 2.5])
{n}/mean = Mean({x}, axes, T=float, keep_dims=false)
{n}/stop = StopGradient({n}/mean, T=float)
{n}/squares = SquaredDifference({x}, {n}/stop, T=float)
{n}/variance = Mean({n}/squares, axes, T=float, keep_dims=false)
{n}/chosen_mean = SelectV2(p, {n}/mean, {n}/stored_mean, T=float)
{n}/chosen_variance = SelectV2({decides}, {n}/variance, {n}/stored_variance, T=float)
{n}/stable = AddV2({n}/chosen_variance, epsilon, T=float)
{n}/rsqrt = Rsqrt({n}/stable, T=float)
{n}/centred = Sub({x}, {n}/chosen_mean, T=float)
{n}/out = Mul({n}/centred, {n}/rsqrt, T=float)
"""


def _model(decides: str) -> str:
    """Two layers that p switches, if p decides of the second layer's variance as well."""
    head = """
p = Placeholder(dtype=bool, shape=[])
both = LogicalAnd(p, other)
other = Placeholder(dtype=bool, shape=[])
image = Placeholder(dtype=float, shape=[-1, 4, 4, 3])
axes = Const([0, 1, 2])
epsilon = Const(0.001)
"""
    first = _LAYER.format(n="one", x="image", decides="p")
    middle = "relu = Relu(one/out, T=float)\n"
    return (
        head
        + first
        + middle
        + _LAYER.format(n="two", x="relu", decides=decides)
        + "logits = Identity(two/out, T=float)"
    )


def _probe(decides: str, switch: Literal["layers", "graph"] = "layers") -> Probe:
    report = inspect(graph(_model(decides)), outputs=("logits",))
    feeds = ("other=true",) if decides == "both" else ()
    return probe(report, Question(layers=report.layers, switch=switch), Request(random=4, feeds=feeds))


def test_an_undecided_layer_is_named_and_nothing_is_verified() -> None:
    found = _probe("both")
    assert [one.layer.name for one in found.layers] == ["one"]
    assert found.verification.state == "impossible"
    assert "two/out may be a batch norm that p:0 switches" in str(found.verification.reason)
    reasons = {one.what: one.reason for one in found.skipped}
    assert "neither switched nor measured" in reasons["two/out"]


@pytest.mark.parametrize("state", ["differs", "impossible"])
def test_what_was_not_verified_anyway_keeps_its_reason(state: Literal["differs", "impossible"]) -> None:
    report = inspect(graph(_model("both")), outputs=("logits",))
    program = both_modes(report, lambda mode, layer: mode, list(report.outputs))
    checked = Verification(state="verified")
    assert qualified(checked, report, program).state == "impossible"
    other = Verification(state=state, reason="of its own")
    assert qualified(other, report, program) == other


def test_with_its_source_fed_it_runs_in_both_modes_and_all_is_verified() -> None:
    found = _probe("both", switch="graph")
    assert found.verification.state == "verified", found.verification.reason
    assert "two/out" in {one.what for one in found.skipped}


def test_two_decided_layers_are_verified_and_nothing_is_skipped() -> None:
    found = _probe("p")
    assert [one.layer.name for one in found.layers] == ["one", "two"]
    assert found.verification.state == "verified", found.verification.reason
    assert found.skipped == ()


def test_refresh_names_it_among_what_it_left_alone(tmp_path: Path) -> None:
    model = tmp_path / "model.pb"
    model.write_bytes(graphdef(_model("both")).SerializeToString())
    done = refresh(model, tmp_path / "out.pb", Request(random=8, feeds=("other=true",)), outputs=("logits",))
    assert [row.layer.name for row in done.rows] == ["one"]
    left = {one.what: one.reason for one in done.left}
    assert "could not be decided" in left["two/out"]
