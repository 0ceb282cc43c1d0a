"""A finding as its rule makes it: what it says of a layer, of the model, and what it accounts for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bninspect.rules import Case, Finding, Needs, Rule, Severity
from tests.support.reports import layer, report


def rule(title: str = "") -> Rule:
    return Rule(
        code="BN299",
        name="bad-thing",
        severity=Severity.WARNING,
        summary="a bad thing",
        title=title,
        check=lambda case: iter(()),
        page="",
    )


def test_a_finding_of_a_layer_accounts_for_it() -> None:
    found = rule("{layers} did a bad thing").finding("numbers", layer="bn", node="bn/op", remedy="a command")
    assert found == Finding(
        code="BN299",
        severity=Severity.WARNING,
        layer="bn",
        node="bn/op",
        message="numbers",
        remedy="a command",
        title="bn did a bad thing",
        evidence="numbers",
        accounts_for=frozenset({"bn"}),
    )
    assert found.fix == "a command"


def test_a_finding_of_the_model_accounts_for_no_layer() -> None:
    found = rule("{layers} did a bad thing").finding("numbers")
    assert (found.layer, found.title, found.accounts_for, found.fix) == (
        None,
        "a bad thing",
        frozenset(),
        None,
    )


def test_what_a_finding_is_told_comes_first() -> None:
    told = {"title": "worse", "message": "words", "accounts_for": frozenset({"c"})}
    found = rule().finding("numbers", layer="bn", severity=Severity.ERROR, **told)  # type: ignore[arg-type]
    assert (found.severity, found.title, found.message) == (Severity.ERROR, "worse", "words")
    assert found.evidence == "numbers"
    assert found.accounts_for == frozenset({"c"})
    assert rule().finding("numbers", layer="bn", accounts_for=frozenset()).accounts_for == frozenset()


def test_a_title_names_layers_where_it_has_a_place_for_them() -> None:
    titled = rule("{layers} did a bad thing")
    assert titled.titled("all 3 layers") == "all 3 layers did a bad thing"
    assert titled.titled("") == rule().titled("all 3 layers") == rule().titled("") == "a bad thing"


def test_a_rule_needs_the_graph_alone_unless_it_says_so() -> None:
    one = rule()
    assert (one.needs, one.undecided, one.together) == (Needs.GRAPH, None, None)


def test_an_error_is_graver_than_a_warning_and_that_than_a_note() -> None:
    assert {one: one.rank for one in Severity} == {
        Severity.ERROR: 3,
        Severity.WARNING: 2,
        Severity.NOTE: 1,
    }


def test_a_case_is_a_report_alone_unless_more_is_shown() -> None:
    found = report(layer("a"), layer("b"))
    case = Case(report=found)
    assert (case.deploy, case.momentum, case.probe, case.no_probe) == (
        False,
        None,
        None,
        "no probe images given",
    )
    assert (case.request, case.allowed_ops, case.converters) == (None, (), ())
    assert (case.severities, case.explained, case.moved) == ({}, {}, None)
    assert (case.layers, case.moves) == (found.layers, ())
    moved: Any = SimpleNamespace(layers=("what moved",))
    assert Case(report=found, moved=moved).moves is moved.layers


def test_a_rule_is_shown_without_its_page_and_its_functions() -> None:
    assert repr(rule("{layers} did a bad thing")) == (
        f"Rule(code='BN299', name='bad-thing', severity={Severity.WARNING!r}, needs={Needs.GRAPH!r}, "
        "summary='a bad thing', title='{layers} did a bad thing')"
    )
