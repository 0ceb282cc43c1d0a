"""`bninspect rule`: the list, a page, and both for programs."""

from __future__ import annotations

import json

import pytest

from bninspect.cli import run
from bninspect.rules import rules


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["rule", *arguments]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def test_the_list_has_a_line_for_each_rule(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).splitlines()
    assert [line.split()[0] for line in lines] == [rule.code for rule in rules()]
    assert (
        "BN101  error    training-mode-baked-in: a batch norm runs in training mode whatever is fed" in lines
    )


@pytest.mark.parametrize("name", ["BN101", "bn101", "training-mode-baked-in"])
def test_a_page(capsys: pytest.CaptureFixture[str], name: str) -> None:
    page = printed(capsys, name)
    assert page.startswith("# BN101 training-mode-baked-in (error)\n\n## What it does\n")
    for head in ("Why is this bad?", "Example", "Use instead", "References"):
        assert f"\n## {head}\n" in page


def test_pages_of_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    heads = [
        line
        for line in printed(capsys, "BN2", "--format", "markdown").splitlines()
        if line.startswith("# BN")
    ]
    assert [head.split()[1] for head in heads] == [
        rule.code for rule in rules() if rule.code.startswith("BN2")
    ]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(printed(capsys, "--format", "json"))
    assert [rule["code"] for rule in told] == [rule.code for rule in rules()]
    [one] = json.loads(printed(capsys, "BN201", "--format", "json"))
    assert set(one) == {"code", "name", "severity", "summary", "page"}


def test_no_such_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rule", "BN999"]) == 2
    assert capsys.readouterr().err == "bninspect: no rule is called 'BN999'; `bninspect rule` lists them\n"
