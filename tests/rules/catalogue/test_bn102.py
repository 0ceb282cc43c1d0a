"""BN102 statistics-not-in-file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.rules import Case, judge, select
from bninspect.rules.facts.training import NOT_SERVED
from tests.support.catching import caught, found, fused, of_fixture
from tests.support.parts import EMPTY, STORED, report


def test_catches_empty_constants() -> None:
    finding = caught("BN102", STORED + EMPTY + fused(mean="none", variance="none", training=True))
    assert (finding.layer, finding.node) == ("y", "y")
    assert "not in the file" in finding.message


@pytest.mark.parametrize(
    "file", ["fixed_training_decomposed_115.pb", "formula_training.pb", "global_moments.pb"]
)
def test_catches_a_chain_of_moments(file: str) -> None:
    assert len(of_fixture("BN102", file)) == 1


def test_catches_the_one_layer_among_three() -> None:
    (finding,) = of_fixture("BN102", "mixed_modes.pb")
    assert finding.layer == "bn2"


def test_statistics_from_data_are_the_remedy_where_refresh_gives_them() -> None:
    """A checkpoint of a model that trains and serves on batch statistics may hold initial ones."""
    for finding in of_fixture("BN102", "cases/training_on_purpose.pb"):
        assert "bninspect refresh " in (finding.remedy or "")
        assert " --image DIR --strip -o " in (finding.remedy or "")


def test_the_author_is_the_remedy_where_refresh_would_refuse() -> None:
    """A normalization that could not be decided stands beside it."""
    chain = "half = Const(0.5)\na = Mul(y, y)\nq = Mean(a, axes)\nb = Mul(q, half)\nc = Mul(variance, half)\n"
    chain += (
        "v = Add(b, c)\ne = Const(0.001)\ns = Add(v, e)\nr = Rsqrt(s)\nd = Sub(y, mean)\nout = Mul(d, r)\n"
    )
    text = STORED + EMPTY + "axes = Const([0, 1, 2])\n"
    finding = caught("BN102", text + fused(mean="none", variance="none", training=True) + chain)
    assert finding.remedy is not None
    assert finding.remedy.startswith("build the graph with training=False, restore a checkpoint")


def test_does_not_catch_stored_statistics() -> None:
    """That is BN101."""
    assert not found("BN102", STORED + fused(training=True))


def test_does_not_catch_variables() -> None:
    assert not of_fixture("BN102", "saved_training")


def test_does_not_catch_inference() -> None:
    assert not found("BN102", STORED + fused())


def test_does_not_catch_a_graph_that_trains_and_says_so() -> None:
    """Its one layer has a train op; --deploy judges it as what is served."""
    served = report(STORED + EMPTY + fused(mean="none", variance="none", training=True))
    trained = replace(served, layers=(replace(served.layers[0], updates="unused"),))
    told = judge(Case(report=trained), select(["BN102"]))
    assert (told.findings, [one.reason for one in told.not_run]) == ((), [NOT_SERVED])
    told = judge(Case(report=trained, deploy=True), select(["BN102"]))
    assert ([finding.layer for finding in told.findings], told.not_run) == (["y"], ())
