"""README.md and docs/ say what is so: their commands run and print what stands there, generated pages are as
they would be written. `--update-expected` renews both. Other tests of the pages are in tests/pages/.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import bninspect
from bninspect.cli.commands import COMMANDS
from tests.pages import DOCS, PAGES, README
from tests.pages.__main__ import main, write
from tests.pages.console import Session, renew, run, runs_a_model, sessions
from tests.support.places import ROOT

NOISE = re.compile(r"to within \S+")
"""How far two runs that should agree lie apart: another number on every machine."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
RELATIVE = 2e-3
"""Of the numbers that TensorFlow computes, which its builds round differently."""
PROGRAM = re.compile(r"^```python\n(import bninspect\n.*?)^```$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"^ *print\(.*  # (.*)$", re.MULTILINE)
MOST_OF_README = 8192
"""Bytes: what a person reads before installing."""


def programs() -> dict[Path, list[str]]:
    """Of each page, the programs that use bninspect."""
    found = {page: PROGRAM.findall(page.read_text(encoding="utf-8")) for page in PAGES}
    return {page: blocks for page, blocks in found.items() if blocks}


def close(one: str, other: str) -> bool:
    """Whether two texts are the same but for the last digits of their numbers."""
    texts = [NOISE.sub("noise", text) for text in (one, other)]
    words = [NUMBER.sub("#", text).split() for text in texts]
    numbers = [[float(number) for number in NUMBER.findall(text)] for text in texts]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=RELATIVE)


@pytest.mark.parametrize(
    "session",
    [
        pytest.param(session, marks=[pytest.mark.tensorflow] if runs_a_model(session) else [])
        for session in sessions()
    ],
    ids="; ".join,
)
def test_commands_print_what_the_pages_say(session: Session, request: pytest.FixtureRequest) -> None:
    output = run(session)
    for page, block in sessions()[session]:
        if request.config.getoption("--update-expected"):
            renew(page, block, output)
        elif not (runs_a_model(session) and close(output, block)):
            assert output == block, f"{page}: renew it with pytest --update-expected"


def test_generated_pages_are_as_they_would_be_written(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if request.config.getoption("--update-expected"):
        write()
    assert main(["--check"]) == 0, f"{capsys.readouterr().out}renew them with python -m tests.pages"


def test_a_generated_page_that_differs_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """And written; a page of a rule that is gone is removed."""
    monkeypatch.setattr("tests.pages.generated.DOCS", tmp_path)
    monkeypatch.setattr("tests.pages.__main__.ROOT", tmp_path)
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "thresholds.md").write_text("other", encoding="utf-8")
    (tmp_path / "rules" / "BN999.md").write_text("gone", encoding="utf-8")
    capsys.readouterr()
    assert main(["--check"]) == 1
    assert capsys.readouterr().out.split() == ["thresholds.md", "rules/BN999.md"]
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert main(["--chekc"]) == 2


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= MOST_OF_README


@pytest.mark.tensorflow
@pytest.mark.parametrize("page", programs(), ids=lambda page: page.name)
def test_programs_print_what_the_pages_say(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A comment behind a print is a line that it prints."""
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    for program in programs()[page]:
        exec(program, {})
        printed = capsys.readouterr().out.splitlines()
        assert [line for line in COMMENT.findall(program) if line not in printed] == []


def test_every_public_name_is_documented() -> None:
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    titles = set(re.findall(r"^### (\w+)", page, re.MULTILINE))
    titles |= set(re.findall(r"^\| `(\w+)` \| `", page, re.MULTILINE))
    assert set(bninspect.__all__) - titles == {"__version__", "Graph", "Tensor"}


def test_every_command_is_documented() -> None:
    shown = [command for session in sessions() for command in session]
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"\n## {name}\n\n```console\n$ bninspect {name} --help\n" in page
        assert any(command.split()[0] == name and "--help" not in command for command in shown)
    assert "$ bninspect --help\n" in page


def test_two_lines_set_up_a_fresh_machine() -> None:
    install, tests = (
        line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("python3 -m venv")
    )
    assert '.venv/bin/pip install ".[tf]" && .venv/bin/bninspect graph ' in install
    assert '.venv/bin/pip install ".[tf,dev]" && .venv/bin/python -m pytest' in tests


def test_continuous_integration_runs_the_lines_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep '^python3 -m venv ' README.md" in script
    assert 'step "${lines[0]}"' in script
    assert 'step "${lines[1]}"' in script
    assert "run: .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_install_line_names_the_extra() -> None:
    for page in (*PAGES, ROOT / "CONTRIBUTING.md"):
        for line in page.read_text(encoding="utf-8").splitlines():
            if "pip install" in line:
                assert '".[tf' in line, f"{page}: {line}"
