"""`bninspect rule`: the list, a page, and both for programs."""

from __future__ import annotations

import json

import pytest

from bninspect.cli import run
from bninspect.rules import Rule, rules


@pytest.fixture(autouse=True)
def _a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


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
    assert page.startswith(
        "BN101 training-mode-baked-in (error)\n  A batch norm runs in training mode whatever is fed.\n\n"
    )
    for head in ("What it does", "Why is this bad?", "Example", "Use instead", "References"):
        assert f"\n\n{head}\n  " in page


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_a_page_for_a_terminal_has_no_marks_and_whole_code(
    rule: Rule, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = printed(capsys, rule.code).splitlines()
    code = [line for line in lines if line.startswith("    ") and not line.startswith("    -")]
    assert not [line for line in lines if "`" in line or line.startswith(("#", "  #"))]
    assert [line for line in lines if len(line) > 80 and line not in code] == []
    written = f"{rule.summary}. {rule.page}".replace("`", "").split()
    shown = " ".join(lines[2:]).split()
    assert [word for word in shown if word not in written] == []


def test_a_page_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    page = printed(capsys, "BN101", "--format", "markdown")
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
    assert (told["schema_version"], told["tool"]["name"]) == (1, "bninspect")
    assert [rule["code"] for rule in told["rules"]] == [rule.code for rule in rules()]
    [one] = json.loads(printed(capsys, "BN201", "--format", "json"))["rules"]
    assert set(one) == {"code", "name", "severity", "summary", "page"}


def test_no_such_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rule", "BN999"]) == 2
    assert capsys.readouterr().err == "bninspect: no rule is called 'BN999'; `bninspect rule` lists them\n"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("BN2O1", "BN201"), ("201", "BN201"), ("statistic-never-updated", "statistics-never-updated")],
)
def test_a_rule_that_is_nearly_one(word: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rule", word]) == 2
    assert capsys.readouterr().err == f"bninspect: no rule is called {word!r}; did you mean {meant}?\n"
