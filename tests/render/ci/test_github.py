"""Workflow commands, read back by the rules that GitHub documents for them."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.escaping import printable_lines
from bninspect.render.ci.github import github
from bninspect.rules.judge import NotRun
from tests.support.checks import AWKWARD, HOSTILE, NO_IMAGES, ORDINARY

COMMAND = re.compile(r"::(?P<name>\w+)(?: (?P<properties>[^:]*))?::(?P<data>.*)\Z")
"""`::name key=value,key=value::data`; a property value holds neither `:` nor `,` unescaped."""


class Command(NamedTuple):
    """One workflow command, unescaped."""

    name: str
    properties: dict[str, str]
    data: str


def unescaped(text: str, *pairs: tuple[str, str]) -> str:
    """Per cent last, as the runner does it."""
    for code, letter in (*pairs, ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, letter)
    return text


def commands(text: str) -> list[Command]:
    """Every line is a command."""
    found = []
    for line in text.split("\n")[:-1]:
        match = COMMAND.match(line)
        assert match, line
        given = (match["properties"] or "").split(",")
        properties = dict(one.split("=", 1) for one in given)
        found.append(
            Command(
                match["name"],
                {key: unescaped(value, ("%3A", ":"), ("%2C", ",")) for key, value in properties.items()},
                unescaped(match["data"]),
            )
        )
    return found


def test_findings_that_are_not_in_the_baseline() -> None:
    told = [one for one in commands(github(ORDINARY)) if one.properties.get("file") == "models/a.pb"]
    assert [one.name for one in told] == ["warning", *["error"] * 3]
    assert told[0].properties == {
        "file": "models/a.pb",
        "line": "1",
        "title": "BN103 mode-left-to-the-caller",
    }
    assert told[0].data == "phase decides"
    assert told[1].data == ("net/bn0: mean 0 and variance 1\nfix: bninspect refresh MODEL -o OUT --image DIR")


def test_a_model_that_could_not_be_checked_is_an_error() -> None:
    [told] = [one for one in commands(github(ORDINARY)) if one.properties.get("file") == "models/lfs.pb"]
    assert told.name == "error"
    assert "Git LFS pointer" in told.data


def test_what_did_not_run_is_one_notice_for_each_reason() -> None:
    told = [one.data for one in commands(github(ORDINARY)) if one.name == "notice"]
    assert len(told) == 2
    assert told[0] == (
        f"not judged in models/a.pb, models/healthy.pb, models/train.meta: BN401, BN403 ({NO_IMAGES})"
    )


def test_rules_for_another_kind_of_file_take_no_notice_away() -> None:
    """GitHub shows ten of a step."""
    foreign = NotRun(code="BN501", reason="needs two files", foreign=True)
    model = ModelResult(path="a.pb", not_run=(foreign, NotRun(code="BN401", reason="no images")))
    assert [one.data for one in commands(github(CheckResult(models=(model,))))] == [
        "not judged in a.pb: BN401 (no images)"
    ]


def test_every_letter_survives_or_is_escaped() -> None:
    finding, error, notice = commands(github(HOSTILE))
    assert finding.properties["file"] == printable_lines(f"dir/{AWKWARD}.pb")
    assert finding.data == printable_lines(f"{AWKWARD}: {AWKWARD}\nfix: {AWKWARD}")
    assert error.data == printable_lines(f"{AWKWARD}2.pb: {AWKWARD}")
    assert notice.data.endswith(f"({printable_lines(AWKWARD)})")


@pytest.mark.parametrize("result", [CheckResult(models=())])
def test_nothing_is_nothing(result: CheckResult) -> None:
    assert github(result) == ""
