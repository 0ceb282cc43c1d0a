"""What the judge makes of what rules say: one finding for each code, causes first, and what could not run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.stored import UNREAD_VARIABLES
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.rules import Case, Finding, Rule, Severity, judge, select
from bninspect.rules.explain import causes_first, causes_of, explained
from bninspect.rules.facts.inconclusive import left_open
from bninspect.rules.facts.stale_layers import together
from bninspect.rules.judge import Judgement, NotRun, group_by_code
from bninspect.rules.selection import rules
from bninspect.text import sentence
from tests.support.catching import fused, replaced
from tests.support.parts import IMAGE, STORED, report as read
from tests.support.places import FIXTURES
from tests.support.probes import net, probe
from tests.support.probing import net_with, shifted
from tests.support.reports import layer, report

CASE = Case(report=report(layer("a"), layer("b"), layer("c")))
VARIABLE = STORED.replace("mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(shape=[3])") + fused()
UNREAD = Case(report=read(VARIABLE))


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


@pytest.mark.parametrize(
    ("code", "names", "title", "evidence"),
    [
        ("BN202", ["a", "b"], "the statistics of 2 of 3 layers (a, b) are almost at their initial values",
         "a: evidence of a"),
        ("BN202", [None, None], "one", "evidence of None"),
        ("BN202", [None, "c"], "the statistics of c are almost at their initial values", "evidence of None"),
        ("BN102", ["a", "b"], "one", "a: evidence of a"),
        ("BN102", ["c"], "one", "evidence of c"),
    ],
    ids=["two layers", "the model", "the model and a layer", "no title of the rule's", "one layer"],
)  # fmt: skip
def test_the_title_is_the_rules_about_its_layers_else_that_of_the_gravest(
    code: str, names: list[str | None], title: str, evidence: str
) -> None:
    findings = [replace(of(code, name), title=own) for name, own in zip(names, ("one", "two"), strict=False)]
    (found,) = group_by_code(CASE, findings)
    assert (found.title, found.evidence) == (title, evidence)
    assert found.message == f"{sentence(title)}: {evidence}."


def test_a_rule_that_says_it_together_is_asked() -> None:
    found = probe(*net_with(2, shifted))
    case = Case(report=found.report, probe=found)
    findings = judge(case, select(["BN403"])).findings
    assert group_by_code(case, findings) == (together(case, findings),)
    assert together(case, findings).title == "the statistics of net/block2/bn are stale"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [(["BN202", "BN201"], ["BN202", "BN201"]), (["BN203"], ["BN203"]), ([], [])],
)
def test_findings_stand_in_the_order_of_the_chosen_rules(codes: list[str], expected: list[str]) -> None:
    """A rule that was not chosen is asked where it may explain one, and is not heard."""
    text = IMAGE + replaced(mean="[0.0, 0.0, 0.0]", variance="[1.0, 1.0, 1.0]", gamma="[2.0, 1.0, 1.0]")
    text += "mean2 = Const([0.0, 0.0, 1e-4])\nvariance2 = Const([1.0, 1.0, 1.0])\n"
    text += "mean3 = Const([1e999, 0.0, 0.0])\n" + fused() + fused("z", "y", "mean2", "variance2")
    case = Case(report=read(text + fused("w", "z", "mean3", "variance2")))
    assert [one.code for one in judge(case, [rule(code) for code in codes]).findings] == expected
    assert {"BN201", "BN202", "BN203"} <= {one.code for one in judge(case).findings}


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
    ("code", "case", "reason", "unasked", "foreign"),
    [
        ("BN501", CASE, "needs two files: bninspect diff OLD NEW", False, True),
        ("BN301", CASE, "no train op in the graph", False, True),
        ("BN403", CASE, "no probe images given", True, False),
        ("BN403", replace(CASE, request=Request(random=1), no_probe="it failed"), "it failed", False, False),
        ("BN203", UNREAD, f"the statistics could not be read: {UNREAD_VARIABLES}", False, False),
    ],
    ids=["a pair of files", "a training graph", "no inputs", "inputs that did not run", "no values"],
)
def test_a_rule_that_cannot_run_says_why(
    code: str, case: Case, reason: str, unasked: bool, foreign: bool
) -> None:
    found = judge(case, select([code]))
    assert found.findings == ()
    assert found.not_run == (NotRun(code=code, reason=reason, unasked=unasked, foreign=foreign),)


def test_values_that_were_not_read_keep_rules_on_values_alone_from_judging() -> None:
    unjudged = judge(UNREAD, select(["BN1", "BN2"])).not_run
    assert [one.code for one in unjudged] == [f"BN{number}" for number in range(201, 208)]
    assert judge(Case(report=report()), select(["BN2"])) == Judgement(findings=(), not_run=())
    second = "mean2 = Const([1e999, 0.0, 0.0])\n" + fused("z", "y", "mean2")
    half = Case(report=read(VARIABLE + second))
    found = judge(half, select(["BN103", "BN203"]))
    assert [one.layer for one in found.findings] == ["z"]
    assert found.not_run == (
        NotRun(
            code="BN203",
            reason=f"the statistics of 1 of 2 layers could not be read (y): {UNREAD_VARIABLES}",
        ),
    )


def test_a_rule_that_ran_is_not_among_those_that_could_not() -> None:
    found = probe(*net())
    assert judge(Case(report=found.report, probe=found), select(["BN403"])).not_run == ()


def test_what_a_rule_leaves_open_is_said() -> None:
    found = probe(*net(images=1))
    unjudged = judge(Case(report=found.report, probe=found), select(["BN403"])).not_run
    assert unjudged == (NotRun(code="BN403", reason=left_open(found)),)


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
