"""SARIF against the schema of the standard, and what code-scanning services make of it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from jsonschema import Draft7Validator

from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.render.ci.sarif import sarif, uri
from bninspect.rules import rules
from tests.support.checks import AWKWARD, HOSTILE, NO_IMAGES, ORDINARY, UNREAD, found

SCHEMA = Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json"


@cache
def validator() -> Draft7Validator:
    return Draft7Validator(
        json.loads(SCHEMA.read_text(encoding="utf-8")), format_checker=Draft7Validator.FORMAT_CHECKER
    )


def run(result: CheckResult) -> Any:
    """The one run of the log, whose whole is valid."""
    log = json.loads(sarif(result))
    assert [error.message for error in validator().iter_errors(log)] == []
    [only] = log["runs"]
    return only


@pytest.mark.parametrize(
    "result", [ORDINARY, HOSTILE, CheckResult(models=())], ids=["ordinary", "hostile", "empty"]
)
def test_it_is_valid(result: CheckResult) -> None:
    run(result)


def test_the_schema_refuses_what_is_wrong() -> None:
    log = json.loads(sarif(ORDINARY))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator().is_valid(log)


def test_a_finding_and_where_it_is() -> None:
    told = run(CheckResult(models=(ModelResult(path="models/a b.pb", found=(found(),)),)))
    [result] = told["results"]
    assert result["ruleId"] == "BN201"
    assert told["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "BN201"
    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "bn: mean 0 and variance 1\nfix: bninspect refresh MODEL -o OUT --image DIR"
    )
    [location] = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "models/a%20b.pb"},
        "region": {"startLine": 1},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "bn/moving_mean"
    assert "suppressions" not in result


def test_findings_of_one_model_are_told_apart_and_recognized_again() -> None:
    several = [
        result["partialFingerprints"]["primaryLocationLineHash"] for result in run(ORDINARY)["results"]
    ]
    assert len(set(several)) == len(several)
    again = found(message="another wording", layer="bn")
    assert again.fingerprint == found().fingerprint


def test_what_is_in_the_baseline_is_suppressed() -> None:
    suppressed = [result for result in run(ORDINARY)["results"] if "suppressions" in result]
    assert [result["suppressions"][0]["kind"] for result in suppressed] == ["external"]


def test_beside_a_baseline_every_result_says_whether_it_is_new() -> None:
    assert not any("baselineState" in result for result in run(ORDINARY)["results"])
    states = [result["baselineState"] for result in run(replace(ORDINARY, compared=True))["results"]]
    assert sorted(states) == ["new"] * 4 + ["unchanged"]


def test_what_did_not_run_is_said() -> None:
    [invocation] = run(ORDINARY)["invocations"]
    notes = invocation["toolExecutionNotifications"]
    told = {
        (note["associatedRule"]["id"], note["message"]["text"]) for note in notes if "associatedRule" in note
    }
    assert ("BN403", f"models/healthy.pb: BN403 not judged: {NO_IMAGES}") in told
    assert ("BN201", f"models/train.meta: BN201 not judged: {UNREAD}") in told
    assert invocation["executionSuccessful"] is False
    [error] = [note["message"]["text"] for note in notes if note["level"] == "error"]
    assert error == "models/lfs.pb: a Git LFS pointer; run git lfs pull"


def test_every_rule_is_described() -> None:
    described = run(ORDINARY)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == [rule.code for rule in rules()]
    assert all(rule["help"]["markdown"] and rule["name"].isidentifier() for rule in described)


def test_every_letter_survives() -> None:
    text = sarif(HOSTILE)
    assert text.isascii()
    [result] = run(HOSTILE)["results"]
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == f"{AWKWARD}/n"


@pytest.mark.parametrize("path", ["a/b.pb", "a b/ü%.pb", "../x#y?.pb", "c:d.pb"])
def test_a_relative_path_is_a_relative_reference(path: str) -> None:
    parts = urlsplit(uri(path))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote(parts.path) == path


def test_an_absolute_path_is_a_file_uri(tmp_path: Path) -> None:
    assert uri(str(tmp_path / "é.pb")) == (tmp_path / "é.pb").as_uri()
