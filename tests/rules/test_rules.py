"""Every rule is whole: a code that is its file, a page, a test, a name that states the bad thing."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent

import pytest

import bninspect.rules
from bninspect.batchnorm import inspect
from bninspect.errors import SelectionError
from bninspect.graph import load
from bninspect.rules import Case, Needs, Rule, Severity, judge, rules, select
from tests.support.catching import fused
from tests.support.parts import PHASE, STORED, fused_cond, report
from tests.support.places import FIXTURES

HERE = Path(__file__).parent / "catalogue"
RULES = Path(bninspect.rules.__file__).parent / "catalogue"
SECTIONS = ["What it does", "Why is this bad?", "Example", "Use instead", "References"]
NAMES = """
BN101 training-mode-baked-in error
BN102 statistics-not-in-file error
BN103 mode-left-to-the-caller warning
BN104 defaults-to-training error
BN105 several-mode-switches warning
BN106 mode-switch-feeds-nothing warning
BN107 update-of-a-constant error
BN108 outputs-update-statistics error
BN109 shared-statistics warning
BN110 statistics-of-the-wrong-size error
BN111 undecided-normalization warning
BN112 no-batch-norm-found note
BN113 weights-missing error
BN114 refused-by-tensorflow error
BN115 converter-changes-mode warning
BN201 statistics-never-updated error
BN202 statistics-near-initial warning
BN203 invalid-statistics error
BN204 collapsed-channels warning
BN205 copied-statistics warning
BN206 dominant-epsilon warning
BN207 half-precision-statistics warning
BN301 updates-not-run error
BN302 updates-missing error
BN303 statistics-not-saved error
BN304 momentum-out-of-range warning
BN305 two-copies-of-statistics note
BN306 batch-of-one warning
BN401 batch-dependent-output error
BN402 random-output warning
BN403 stale-statistics error
BN404 average-not-converged warning
BN405 input-scale-mismatch warning
BN406 modes-disagree warning
BN501 statistics-unchanged error
BN502 statistics-reset error
"""
"""Codes, names and severities that other programs rely on: they stay."""
NEEDS = {
    "BN1": Needs.GRAPH,
    "BN2": Needs.VALUES,
    "BN3": Needs.TRAINING,
    "BN4": Needs.PROBE,
    "BN5": Needs.PAIR,
    "BN303": Needs.GRAPH,
}
"""A checkpoint may lack statistics whether or not the graph beside it trains."""
each = pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)


def test_codes_names_and_severities_stay() -> None:
    found = {rule.code: f"{rule.code} {rule.name} {rule.severity.value}" for rule in rules()}
    for line in NAMES.split("\n")[1:-1]:
        assert found[line[:5]] == line


def test_every_code_is_its_file_and_every_name_is_one_rules() -> None:
    files = sorted(path.stem.upper() for path in RULES.glob("bn*.py"))
    assert [rule.code for rule in rules()] == files
    assert len({rule.name for rule in rules()}) == len(rules())


@each
def test_a_rule_is_named_after_the_bad_thing(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.name)
    assert not set(rule.name.split("-")) & {
        "check",
        "checks",
        "should",
        "must",
        "valid",
        "correct",
        "require",
    }
    assert rule.summary
    assert rule.summary[-1] != "."
    assert len(rule.summary) <= 90


@each
def test_a_rule_says_what_it_needs_and_how_grave_it_is(rule: Rule) -> None:
    assert rule.severity in Severity
    assert rule.needs is NEEDS.get(rule.code, NEEDS.get(rule.code[:3], rule.needs))


@each
def test_a_page_has_every_section_and_something_in_it(rule: Rule) -> None:
    parts = re.split(r"^## (.+)$", rule.page, flags=re.MULTILINE)
    assert parts[0].strip() == ""
    assert parts[1::2] == SECTIONS
    assert all(len(part.strip()) > 30 for part in parts[2::2])
    assert "```" in parts[2 * SECTIONS.index("Example") + 2]
    assert all(line.startswith(("- ", "  ")) for line in parts[-1].strip().splitlines())


@each
def test_the_code_of_a_page_is_code(rule: Rule) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", rule.page, flags=re.MULTILINE | re.DOTALL)
    assert blocks
    for language, code in blocks:
        assert language in ("python", "sh")
        if language == "python":
            ast.parse(dedent(code))
        else:
            assert all(line.startswith("bninspect ") for line in code.splitlines())


@each
def test_a_rule_has_a_test_of_what_it_catches_and_what_not(rule: Rule) -> None:
    text = (HERE / f"test_{rule.code.lower()}.py").read_text(encoding="utf-8")
    assert text.startswith(f'"""{rule.code} {rule.name}.')
    assert "def test_catches" in text
    assert "def test_does_not" in text


def test_rules_without_what_they_need_say_so() -> None:
    reasons = {one.code: one.reason for one in judge(Case(report=report(STORED + fused()))).not_run}
    assert set(reasons) == {
        rule.code for rule in rules() if rule.needs in (Needs.PROBE, Needs.TRAINING, Needs.PAIR)
    }
    assert reasons["BN403"] == "no probe images given"


def test_statistics_that_were_not_read_are_said() -> None:
    case = Case(report=inspect(load(str(FIXTURES / "saved_module"))))
    (one,) = judge(case, select(["BN201"])).not_run
    assert one.reason == "the statistics could not be read: they are in variables, which were not read"


def test_some_statistics_that_were_not_read_are_said_beside_the_findings() -> None:
    text = "mean2 = VariableV2(dtype=float, shape=[3])\n" + fused() + fused("z", "y", "mean2")
    (one,) = judge(Case(report=report(STORED + text)), select(["BN203"])).not_run
    assert one.reason.startswith("the statistics of 1 of 2 layers could not be read (z): ")


def test_a_model_without_layers_has_nothing_that_could_not_be_read() -> None:
    case = Case(report=inspect(load(str(FIXTURES / "folded.pb"))))
    assert not judge(case, select(["BN2"])).not_run


def test_selecting() -> None:
    assert [rule.code for rule in select(["BN10"], ["BN101", "mode-left-to-the-caller"])] == [
        "BN102", "BN104", "BN105", "BN106", "BN107", "BN108", "BN109"
    ]  # fmt: skip
    with pytest.raises(SelectionError, match="no rule is called 'BN9'"):
        select(["BN9"])


def test_one_cause_is_one_finding() -> None:
    """A switch is told of once, whatever its default."""
    given = "given = Const(true)\n" + PHASE.replace("Placeholder(", "PlaceholderWithDefault(given, ")
    for text in (PHASE, given):
        found = judge(Case(report=report(STORED + text + fused_cond("phase"))))
        assert len(found.findings) == 1
