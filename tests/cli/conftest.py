"""What tests of the command line share: commands in this process, a stripped model, a folder of models."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bninspect
from bninspect import cli
from tests.support.checking import ERROR, HEALTHY, WARNING
from tests.support.named_options import not_taken
from tests.support.places import FIXTURES
from tests.support.stripping import CLASSIC, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@pytest.fixture(autouse=True)
def _only_options_that_the_command_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every error line that a test here makes in this process is held to it."""
    invoke, say = cli._invoke, cli._say
    typed: list[str] = []

    def invoked(arguments: Sequence[str]) -> int:
        typed[:] = arguments
        return invoke(arguments)

    def told(message: str) -> None:
        say(message)
        assert not_taken(message, typed) == set(), message

    monkeypatch.setattr(cli, "_invoke", invoked)
    monkeypatch.setattr(cli, "_say", told)


@pytest.fixture
def command_line(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Runs the command line in this process: (exit code, standard output, standard error)."""

    def call(*arguments: object) -> Run:
        code = cli.run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def run(command_line: Callable[..., Run]) -> Callable[..., Run]:
    """Runs strip."""
    return partial(command_line, "strip")


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """What strip makes of classic.pb."""
    bninspect.strip(CLASSIC, tmp_path / "whole.pb", verify=False)
    data = (tmp_path / "whole.pb").read_bytes()
    (tmp_path / "whole.pb").unlink()
    return data


@pytest.fixture
def folder_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder holds a folder `models` with three of them."""
    (tmp_path / "models").mkdir()
    for name in (ERROR, WARNING, HEALTHY):
        shutil.copy(FIXTURES / name, tmp_path / "models" / name)
    monkeypatch.chdir(tmp_path)
