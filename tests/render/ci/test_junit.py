"""JUnit XML against the schema that Jenkins reads it by, with a parser that is not ours."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.render.ci.junit import junit
from bninspect.rules import Severity
from tests.support.checks import HOSTILE, NO_IMAGES, ORDINARY, found

SCHEMA = Path(__file__).parent / "schemas" / "junit-10.xsd"


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


def parsed(result: CheckResult, fail_on: Severity = Severity.ERROR) -> etree._Element:
    """The root of the document, which is valid."""
    root = etree.fromstring(junit(replace(result, fail_on=fail_on)).encode("ascii"))
    schema().assertValid(root)
    return root


@pytest.mark.parametrize(
    "result", [ORDINARY, HOSTILE, CheckResult(models=())], ids=["ordinary", "hostile", "empty"]
)
@pytest.mark.parametrize("fail_on", list(Severity))
def test_it_is_valid(result: CheckResult, fail_on: Severity) -> None:
    parsed(result, fail_on)


def test_the_schema_refuses_what_is_wrong() -> None:
    root = parsed(ORDINARY)
    del root[0].attrib["name"]
    assert not schema().validate(root)


def test_the_counts_are_those_of_the_cases() -> None:
    root = parsed(ORDINARY)
    for counts, tag in (("failures", "failure"), ("errors", "error")):
        assert root.get(counts) == str(len(root.findall(f".//{tag}")))
    for suite in root:
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        assert suite.get("skipped") == str(len(suite.findall(".//skipped")))
    assert [suite.get("name") for suite in root] == [model.path for model in ORDINARY.models]


@pytest.mark.parametrize(("fail_on", "failures"), [(Severity.ERROR, 3), (Severity.WARNING, 4)])
def test_what_fails_is_as_grave_as_asked(fail_on: Severity, failures: int) -> None:
    root = parsed(ORDINARY, fail_on)
    assert len(root.findall(".//failure")) == failures
    told = [element.text or "" for element in root.findall(".//system-out")]
    assert any(text.startswith("in the baseline: ") for text in told)
    assert any(text.startswith("warning: ") for text in told) is (fail_on is Severity.ERROR)


def test_a_model_that_could_not_be_checked_is_an_error() -> None:
    suite = parsed(ORDINARY)[-1]
    [error] = suite.findall(".//error")
    assert "Git LFS pointer" in (error.get("message") or "")


def test_a_rule_that_did_not_run_is_skipped_with_the_reason() -> None:
    suite = parsed(ORDINARY)[1]
    skipped = {(case.get("classname"), case[0].get("message")) for case in suite if case[0].tag == "skipped"}
    assert skipped == {(f"models/healthy.pb.{code}", NO_IMAGES) for code in ("BN401", "BN403")}


def test_a_healthy_model_passes() -> None:
    [suite] = parsed(CheckResult(models=(ModelResult(path="m.pb"),)))
    assert [len(case) for case in suite] == [0]


def test_what_xml_can_hold_survives_and_the_rest_is_marked() -> None:
    message = 'a"b<c>&d\ne\tf é日\U0001f600 \x00\x1b\ud800\ufffe'
    [suite] = parsed(
        CheckResult(models=(ModelResult(path="m.pb", found=(found(message=message, remedy=None),)),))
    )
    failure = suite[0][0]
    assert failure.text == 'a"b<c>&d\ne\tf é日\U0001f600 \ufffd\ufffd\ufffd\ufffd'
    assert failure.get("message") == failure.text
