"""BN112 no-batch-norm-found."""

from __future__ import annotations

from dataclasses import replace

from bninspect.errors import Absent
from bninspect.rules import Case, Severity, judge, select
from tests.support.catching import caught, found, fused, of_fixture
from tests.support.parts import IMAGE, STORED, report


def test_catches_a_folded_model() -> None:
    (finding,) = of_fixture("BN112", "folded.pb")
    assert finding.severity is Severity.NOTE
    assert "no batch norm among 7 nodes on the way to the outputs (output:0)" in finding.message


def test_catches_with_deploy_as_a_warning() -> None:
    (finding,) = of_fixture("BN112", "folded.pb", deploy=True)
    assert finding.severity is Severity.WARNING


def test_names_layers_beside_the_outputs() -> None:
    text = STORED + "head = Relu(x)\ncheck = Const(true)\nstop = Assert(check, y)\n" + fused()
    assert "beside the outputs (y)" in caught("BN112", text).message


def test_does_not_catch_a_layer() -> None:
    assert not found("BN112", STORED + fused())


def test_does_not_catch_lookalikes() -> None:
    assert not of_fixture("BN112", "layer_norm.pb")


def test_does_not_catch_what_could_not_be_decided() -> None:
    """That is BN111."""
    assert not of_fixture("BN112", "blended.pb")


def test_catches_an_image_alone() -> None:
    assert found("BN112", IMAGE + "y = Relu(x)\n")


def test_counts_a_single_node() -> None:
    assert "among 1 node on the way" in caught("BN112", IMAGE).message


def test_names_two_of_what_was_skipped() -> None:
    skipped = tuple(Absent(what=f"beside {name}", reason="not needed") for name in "abc")
    told = judge(Case(report=replace(report(IMAGE), skipped=skipped)), select(["BN112"]))
    (finding,) = told.findings
    assert finding.message == (
        "no batch norm among 1 node on the way to the outputs (none); beside a: not needed; "
        "beside b: not needed"
    )
