"""How a run ends: exit codes, one line for what was wrong, and silence where nobody listens any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect import __version__
from bninspect.cli import commands
from bninspect.errors import GraphDefError
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

Run = tuple[int, str, str]
CLOSED = "bninspect: standard output is closed: give it a file, or > /dev/null\n"


@pytest.fixture
def run(command_line: Callable[..., Run]) -> Callable[..., Run]:
    """Runs any command."""
    return command_line


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes the reading of any model end in an exception."""

    def replace(error: BaseException) -> None:
        def load(path: str) -> Any:
            raise error

        monkeypatch.setattr("bninspect.commands.graph.load", load)

    return replace


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["graph"], "bninspect: Missing argument 'MODEL...' (see bninspect graph --help)\n"),
        (["graf"], "bninspect: no command 'graf'; did you mean graph? (see bninspect --help)\n"),
        (
            ["xyzzy"],
            f"bninspect: no command 'xyzzy'; there are {', '.join(commands.COMMANDS)} "
            "(see bninspect --help)\n",
        ),
    ],
)
def test_a_wrong_command_line_is_one_line_and_2(
    run: Callable[..., Run], arguments: list[str], line: str
) -> None:
    assert run(*arguments) == (2, "", line)


@pytest.mark.parametrize(
    "arguments", [["graph", "--lauer", "x"], ["graph", "m.pb", "--format", "xml"], ["--nope"]]
)
def test_a_wrong_option_is_one_line_and_2(run: Callable[..., Run], arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("bninspect: ")
    assert err.count("\n") == 1


def test_no_command_shows_the_help_and_is_2(run: Callable[..., Run]) -> None:
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: bninspect")


def test_what_cannot_be_done_is_one_line_and_2(
    run: Callable[..., Run], raising: Callable[[BaseException], None]
) -> None:
    raising(GraphDefError("m.pb: is a zip,\nnot a \x1b[31mGraphDef"))
    assert run("graph", "m.pb") == (2, "", "bninspect: m.pb: is a zip, not a \\x1b[31mGraphDef\n")


def test_a_failure_of_the_system_is_named(
    run: Callable[..., Run], raising: Callable[[BaseException], None]
) -> None:
    raising(PermissionError(13, "Permission denied", "m.pb"))
    assert run("graph", "m.pb") == (2, "", "bninspect: m.pb: Permission denied\n")


def test_traceback_prints_it_too(run: Callable[..., Run], raising: Callable[[BaseException], None]) -> None:
    raising(GraphDefError("m.pb: empty"))
    code, out, err = run("graph", "m.pb", "--traceback")
    assert (code, out) == (2, "")
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith("\nbninspect: m.pb: empty\n")


def test_a_bug_is_3_with_its_traceback(
    run: Callable[..., Run], raising: Callable[[BaseException], None]
) -> None:
    raising(KeyError("x"))
    code, out, err = run("graph", "m.pb")
    assert (code, out) == (3, "")
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith(
        "\nbninspect: a bug of ours: KeyError: 'x'; please report it with the traceback above\n"
    )


def test_an_interrupt_is_130_and_one_line(
    run: Callable[..., Run], raising: Callable[[BaseException], None]
) -> None:
    raising(KeyboardInterrupt())
    assert run("graph", "m.pb") == (130, "", "bninspect: interrupted\n")


def test_version(run: Callable[..., Run]) -> None:
    assert run("--version") == (0, f"bninspect, version {__version__}\n", "")


def test_a_command_may_return_its_exit_code(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    import click

    @click.command("check")
    def check() -> int:
        return 1

    monkeypatch.setitem(commands.COMMANDS, "check", commands.Entry("some.module", "It checks."))
    monkeypatch.setattr(commands, "import_module", lambda name: SimpleNamespace(command=check))
    assert run("check") == (1, "", "")


def test_the_program_is_the_process(tmp_path: Path) -> None:
    absent = tmp_path / "absent.pb"
    ended = subprocess.run(
        [sys.executable, "-m", "bninspect", "graph", str(absent)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("bninspect: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("output_format", ["table", "json"])
def test_a_closed_pipe_ends_it_quietly(output_format: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        ended = subprocess.run(
            [sys.executable, "-m", "bninspect", "graph", "fixtures/slim_14.pb", "--format", output_format],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=ROOT,
        )
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    ("arguments", "redirection", "told"),
    [
        ("-", "<&-", "bninspect: -: standard input is closed\n"),
        ("''", "", "bninspect: the path of the model is empty\n"),
        ("absent.pb", "2>&-", ""),
        ("absent.pb", "2>/dev/full", ""),
        ("fixtures/classic.pb", ">&-", CLOSED),
        ("fixtures/classic.pb --format json", ">&- <&-", CLOSED),
        ("fixtures/classic.pb", ">&- 2>&-", ""),
        ("--help", ">&-", CLOSED),
    ],
)
def test_2_whatever_is_closed(arguments: str, redirection: str, told: str) -> None:
    ended = subprocess.run(
        f"{sys.executable} -m bninspect graph {arguments} {redirection}",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", told)


@pytest.mark.parametrize(
    "arguments",
    ["check fixtures/classic.pb", "strip fixtures/classic.pb --no-verify -o -", "rule", "--version"],
)
def test_every_command_says_that_standard_output_is_closed(arguments: str) -> None:
    ended = subprocess.run(
        f"{sys.executable} -m bninspect {arguments} >&-",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", CLOSED)
