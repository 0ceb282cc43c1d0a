"""Shell completion: click's, for commands, options, rule codes and files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT


def completed(words: str, number: int) -> list[str]:
    """What bash is offered for word `number` of a command line: `type,value`."""
    ended = subprocess.run(
        [sys.executable, "-m", "bninspect"],
        env={
            **os.environ,
            "_BNINSPECT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(number),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.splitlines()


def test_commands() -> None:
    assert completed("bninspect ch", 1) == ["plain,check"]


def test_options_and_choices() -> None:
    assert completed("bninspect check --fail", 2) == ["plain,--fail-on"]
    assert completed("bninspect check --format s", 3) == ["plain,sarif"]


def test_codes_of_rules() -> None:
    assert completed("bninspect rule bn10", 2)[:2] == ["plain,BN101", "plain,BN102"]
    assert "plain,BN101,BN201" in completed("bninspect check --select BN101,BN2", 3)


@pytest.mark.parametrize("command", ["check", "graph", "probe"])
def test_models_are_files(command: str) -> None:
    assert completed(f"bninspect {command} fix", 2) == ["file,fix"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_takes(shell: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bninspect"],
        env={**os.environ, "_BNINSPECT_COMPLETE": f"{shell}_source"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_BNINSPECT_COMPLETE" in ended.stdout
    if shutil.which(shell):
        script = tmp_path / "completion"
        script.write_text(ended.stdout, encoding="utf-8")
        subprocess.run([shell, "-n", str(script)], check=True)
