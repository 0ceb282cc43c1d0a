"""README.md and docs/ say what is so: their commands run and print what stands there, generated pages are as
they would be written, links lead somewhere. `--update-expected` renews what a program prints.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import bninspect
from bninspect.cli.commands import COMMANDS
from tests.pages import DOCS, PAGES, README
from tests.pages.__main__ import main, write
from tests.pages.console import Session, printed, renew, run, runs_a_model, sessions
from tests.support.places import ROOT

NOISE = re.compile(r"noise up to \S+")
"""How far two runs that should agree lie apart: another number on every machine."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
RELATIVE = 2e-3
"""Of the numbers that TensorFlow computes, which its builds round differently."""
LINK = re.compile(r"\]\(([^()\s]+)\)")
ROOM = re.compile(r"^  (\w+)/ +(.*)$", re.MULTILINE)
"""A folder of the package in the tree of design.md, and what is told of it."""
PATH = re.compile(r"`([\w./]*\w(?:\.(?:py|pb|md|yml)|(?=/`)))/?`")
"""A file or a folder, as a page names it."""
NAMES_OF_THE_MODEL = frozenset({"fed", "models[].modes", "signatures[].modes"})
"""Objects of a JSON document whose keys are values."""
SAME_AS = {
    "model.": "",
    "old.": "",
    "new.": "",
    "findings[].": "",
    "layers[].deployed.": "layers[].own.",
    "layers[].gamma.": "layers[].weights.",
    "layers[].beta.": "layers[].weights.",
}
"""Beginnings of names whose fields docs/json.md documents once -> where."""
MOST_OF_README = 8192
"""Bytes: what a person reads before installing."""


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


def anchors(page: Path) -> set[str]:
    """What `#...` may name in a page: its headings as GitHub and MkDocs write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target in PAGES, link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_found() -> None:
    """From the README or the first page."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    assert [page for page in PAGES if page not in linked | {README}] == []


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_site_builds(tmp_path: Path) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--quiet",
            "--site-dir",
            str(tmp_path / "site"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "site" / "rules" / "BN101" / "index.html").is_file()


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= MOST_OF_README


def test_from_python_it_prints_what_the_page_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(ROOT)
    exec(code, {})
    assert capsys.readouterr().out.strip() == code.rpartition("# ")[2].strip()
    names = {name for name in bninspect.__all__ if name[0].islower()}
    assert sorted(name for name in names if f"| `{name}(" not in page) == []
    assert [
        name for name in re.findall(r"^\| `(\w+)", page, re.MULTILINE) if name not in bninspect.__all__
    ] == []


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


def test_every_package_stands_in_the_architecture() -> None:
    rooms = dict(ROOM.findall((DOCS / "design.md").read_text(encoding="utf-8")))
    package = ROOT / "bninspect"
    packages = {path.name for path in package.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert set(rooms) == packages
    for room, told in rooms.items():
        for name in re.findall(r"\w+/|\w+\.py", told):
            assert list((package / room).rglob(name.rstrip("/"))), f"{room}/: {name}"


@pytest.mark.parametrize("page", [DOCS / "design.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    """From the root or from `bninspect/`; a short name stands for one path of the package."""
    for name in PATH.findall(page.read_text(encoding="utf-8")):
        short = [
            path for path in (ROOT / "bninspect").rglob(Path(name).name) if str(path).endswith(f"/{name}")
        ]
        assert (ROOT / name).exists() or len(short) == 1, f"{name}: {short}"


def fields(document: object, path: str = "") -> set[str]:
    """The fields of a JSON document, as `layers[].switch.source`."""
    if isinstance(document, list):
        return {name for element in document for name in fields(element, f"{path}[]")}
    if not isinstance(document, dict) or path in NAMES_OF_THE_MODEL:
        return {path.removesuffix("[]")}
    return {
        name for key, value in document.items() for name in fields(value, f"{path}.{key}" if path else key)
    }


@pytest.mark.parametrize(
    "command",
    [
        "graph fixtures/classic.pb",
        "graph fixtures/train_unwired.meta",
        "check fixtures/const_true.pb",
        "diff fixtures/training/unwired_115/model.ckpt-0 fixtures/training/unwired_115/model.ckpt-20",
        pytest.param(
            "probe fixtures/classic.pb --image fixtures/image.jpg --patch 0,0,0,0",
            marks=pytest.mark.tensorflow,
        ),
    ],
    ids=lambda command: command.split("/")[0],
)
def test_every_json_field_is_documented(command: str) -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \| ", page, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(.*?)`", row)}
    for name in fields(json.loads(printed(f"{command} --format json"))):
        shared = [beginning for beginning in SAME_AS if name.startswith(beginning)]
        names = {name, *(SAME_AS[beginning] + name.removeprefix(beginning) for beginning in shared)}
        assert names & told, name
