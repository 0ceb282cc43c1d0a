"""What the judge makes of what rules say: one finding for each code, causes first, and what could not run."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.rules import Case, Finding, Rule, Severity, judge, select
from bninspect.rules.explain import causes_first, causes_of, explained
from bninspect.rules.judge import NotRun, group_by_code
from bninspect.rules.selection import rules
from tests.support.places import FIXTURES
from tests.support.probes import net, probe
from tests.support.reports import layer, report

CASE = Case(report=report(layer("a"), layer("b"), layer("c")))


def rule(code: str) -> Rule:
    return next(one for one in rules() if one.code == code)


def of(code: str, name: str | None, severity: Severity = Severity.WARNING) -> Finding:
    words = f"evidence of {name}"
    return rule(code).finding(words, layer=name, node=name, severity=severity)


def test_findings_of_one_code_are_one_finding() -> None:
    """The gravest says what is seen; the title names all layers."""
    findings = [of("BN202", "a"), of("BN202", "b", Severity.ERROR), of("BN202", "c", Severity.NOTE)]
    (found,) = group_by_code(CASE, findings)
    assert (found.layer, found.node, found.severity) == (None, None, Severity.ERROR)
    assert found.title == rule("BN202").titled("all 3 layers")
    assert found.evidence == "b: evidence of b"
    assert found.message.endswith(": b: evidence of b.")


def test_a_finding_alone_keeps_its_layer() -> None:
    (found,) = group_by_code(CASE, [of("BN202", "b")])
    assert (found.layer, found.node, found.evidence) == ("b", "b", "evidence of b")
    assert found.title == rule("BN202").titled("b")
    assert found.message == f"{found.title[0].upper()}{found.title[1:]}: evidence of b."


def test_findings_of_a_model_name_no_layer() -> None:
    model = [of("BN103", None), of("BN103", None)]
    (found,) = group_by_code(CASE, model)
    assert (found.layer, found.evidence) == (None, "evidence of None")
    assert found.title == model[0].title


def test_the_most_important_code_is_first() -> None:
    findings = [of(code, "a") for code in ("BN101", "BN202", "BN206", "BN203", "BN103")]
    assert [one.code for one in group_by_code(CASE, findings)] == [
        "BN203",
        "BN206",
        "BN202",
        "BN101",
        "BN103",
    ]


@pytest.mark.parametrize(
    ("code", "case", "expected"),
    [
        ("BN501", CASE, NotRun(code="BN501", reason="needs two files: bninspect diff OLD NEW", foreign=True)),
        ("BN301", CASE, NotRun(code="BN301", reason="no train op in the graph", foreign=True)),
        ("BN403", CASE, NotRun(code="BN403", reason="no probe images given", unasked=True)),
        (
            "BN403",
            Case(report=CASE.report, request=Request(random=1), no_probe="it failed"),
            NotRun(code="BN403", reason="it failed"),
        ),
    ],
    ids=["a pair of files", "a training graph", "no inputs", "inputs that did not run"],
)
def test_a_rule_that_cannot_run_says_why(code: str, case: Case, expected: NotRun) -> None:
    found = judge(case, select([code]))
    assert found.findings == ()
    assert found.not_run == (expected,)
    assert (expected.unasked, expected.foreign) == (code == "BN403" and case is CASE, code != "BN403")


def test_a_rule_that_ran_is_not_among_those_that_could_not() -> None:
    found = probe(*net())
    assert judge(Case(report=found.report, probe=found), select(["BN403"])).not_run == ()


@pytest.mark.parametrize(
    ("asked", "severity"),
    [
        ({}, Severity.WARNING),
        ({"BN103": Severity.ERROR}, Severity.ERROR),
        ({"BN104": Severity.ERROR}, Severity.WARNING),
    ],
)
def test_severities_are_those_that_were_asked_for(asked: dict[str, Severity], severity: Severity) -> None:
    case = Case(report=inspect(load(str(FIXTURES / "classic.pb"))), severities=asked)
    assert [one.severity for one in judge(case, select(["BN103"])).findings] == [severity]


def test_causes_are_looked_for_first() -> None:
    assert causes_of(["BN406"]) == {"BN406", "BN403", "BN204", "BN404", "BN405", "BN201", "BN203"}
    assert causes_of(["BN404"]) == {"BN404", "BN405", "BN201", "BN203"}
    assert causes_of(["BN101"]) == {"BN101"}
    assert causes_first(["BN101", "BN406", "BN403", "BN201"]) == ["BN201", "BN403", "BN101", "BN406"]


def test_what_explains_a_code_at_a_layer() -> None:
    findings = [of("BN201", "a"), of("BN202", "b"), of("BN403", "c")]
    assert dict(explained("BN403", findings)) == {"a": "BN201"}
    assert dict(explained("BN406", findings)) == {"a": "BN201", "c": "BN403"}
    assert dict(explained("BN201", findings)) == {}
