"""The README says what is so: its commands run and print what it shows; `--update-expected` renews it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

import bninspect
from bninspect.cli.commands import COMMANDS
from tests.support.places import ROOT

README = ROOT / "README.md"
DESIGN = ROOT / "docs" / "design.md"
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
NOISE = re.compile(r"noise up to \S+")
"""How far two runs that should agree lie apart: another number on every machine."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
RELATIVE = 2e-3
"""Of the numbers that TensorFlow computes, which its builds round differently."""


class Shown(NamedTuple):
    """A command of a console block, and what the README says it prints."""

    command: str
    output: str


def shown() -> list[Shown]:
    """Every command of every console block, in order."""
    found = []
    for block in CONSOLE.findall(README.read_text(encoding="utf-8")):
        for part in block.split("$ bninspect ")[1:]:
            command, _, output = part.partition("\n")
            found.append(Shown(command, output.strip("\n")))
    return found


def printed(command: str) -> str:
    """What the command prints on both streams at 100 columns, without the spaces at the ends of lines.

    It runs in a folder of its own that holds the fixtures, so that what it writes is gone afterwards.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BNINSPECT_")}
    environment |= {"COLUMNS": "100", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "fixtures").symlink_to(ROOT / "fixtures")
        ended = subprocess.run(
            [sys.executable, "-m", "bninspect", *shlex.split(command)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
    assert ended.returncode in (0, 1, 2), ended.stdout
    return "\n".join(line.rstrip() for line in ended.stdout.splitlines()).strip("\n")


def close(one: str, other: str) -> bool:
    """Whether two texts are the same but for the last digits of their numbers."""
    texts = [NOISE.sub("noise", text) for text in (one, other)]
    words = [NUMBER.sub("#", text).split() for text in texts]
    numbers = [[float(number) for number in NUMBER.findall(text)] for text in texts]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=RELATIVE)


def set_up() -> list[str]:
    """The set-up lines."""
    return [
        line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("python3 -m venv")
    ]


def renew(entry: Shown, output: str) -> None:
    """Writes what a command prints behind it."""
    place = re.compile(
        rf"(?<=^\$ bninspect {re.escape(entry.command)}\n).*?(?=^```$|^\$ bninspect )",
        re.DOTALL | re.MULTILINE,
    )
    text, count = place.subn(lambda _: f"{output}\n", README.read_text(encoding="utf-8"), count=1)
    assert count
    README.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("entry", shown(), ids=lambda entry: entry.command)
def test_a_command_prints_what_the_readme_says(entry: Shown, request: pytest.FixtureRequest) -> None:
    command = entry.command
    runs_a_model = command.startswith(("probe ", "strip ", "refresh ")) and "--help" not in command
    if runs_a_model:
        pytest.importorskip("tensorflow", reason="the command runs a model")
    output = printed(entry.command)
    if request.config.getoption("--update-expected"):
        renew(entry, output)
    elif runs_a_model and close(output, entry.output):
        return
    else:
        assert output == entry.output, f"`bninspect {entry.command}`: renew it with pytest --update-expected"


def test_from_python_it_prints_what_the_readme_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section = README.read_text(encoding="utf-8").partition("## From Python\n")[2].partition("\n## ")[0]
    code = section.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(ROOT)
    exec(code, {})
    assert capsys.readouterr().out.strip() == code.rpartition("# ")[2].strip()
    names = {name for name in bninspect.__all__ if name[0].islower()}
    assert sorted(name for name in names if f"| `{name}(" not in section) == []
    assert [
        name for name in re.findall(r"^\| `(\w+)", section, re.MULTILINE) if name not in bninspect.__all__
    ] == []


def test_every_command_is_documented() -> None:
    commands = [entry.command for entry in shown()]
    assert "--help" in commands
    for name in COMMANDS:
        assert f"{name} --help" in commands
        assert any(command.split()[0] == name and "--help" not in command for command in commands)


def test_two_lines_set_up_a_fresh_machine() -> None:
    install, tests = set_up()
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
    for name in ("README.md", "CONTRIBUTING.md"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if "pip install" in line:
                assert '".[tf' in line, f"{name}: {line}"


def test_every_package_stands_in_the_architecture() -> None:
    text = DESIGN.read_text(encoding="utf-8")
    for path in (ROOT / "bninspect").iterdir():
        if path.is_dir() and any(path.glob("*.py")):
            assert f"\n  {path.name}/ " in text, path
    for name in re.findall(r"^  (\w+)/ ", text, re.MULTILINE):
        assert (ROOT / "bninspect" / name).is_dir(), name
    for name in re.findall(r"`(?:\w+/)?\w+\.(?:py|pb)`", text):
        wanted = name.strip("`")
        found = (ROOT / wanted, *(ROOT / "bninspect").rglob(Path(wanted).name))
        assert any(path.exists() for path in found), name


@pytest.mark.parametrize(
    "command",
    [
        "graph fixtures/classic.pb --format json",
        "check fixtures/const_true.pb --format json",
        "diff fixtures/classic_net.pb fixtures/classic_net.pb --format json",
        pytest.param(
            "probe fixtures/classic.pb --image fixtures/image.jpg --format json",
            marks=pytest.mark.tensorflow,
        ),
    ],
    ids=["graph", "check", "diff", "probe"],
)
def test_every_json_field_is_documented(command: str) -> None:
    if command.startswith("probe"):
        pytest.importorskip("tensorflow", reason="the command runs a model")
    text = README.read_text(encoding="utf-8").partition("### JSON")[2].partition("## Architecture")[0]
    document = json.loads(printed(command))
    fields = set(document)
    if command.startswith(("graph", "diff")):
        fields |= set(document["layers"][0])
    assert sorted(field for field in fields if f"`{field}`" not in text) == []
