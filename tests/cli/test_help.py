"""`--help`: every command has its line and its examples, and asking costs no more than Python and click."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bninspect.cli.commands import COMMANDS, program

HEAVY = ("numpy", "rich", "google", "google.protobuf", "tensorflow", "PIL")
ASK = """
import sys
from bninspect.cli import run
code = run(sys.argv[1:])
heavy = [name for name in {heavy!r} if name in sys.modules]
assert (code, heavy) == (0, []), (code, heavy)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_asking_is_cheap(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ASK.format(heavy=HEAVY), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_the_help_of_the_program_imports_no_command() -> None:
    ask = "import sys; from bninspect.cli import run; run(['--help']); sys.exit('{}' in sys.modules)"
    ask = ask.format("bninspect.cli.graph")
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, check=False).returncode == 0


def test_every_command_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    from bninspect.cli import run

    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for name, entry in COMMANDS.items():
        assert f"  {name:<8}  {entry.summary}" in shown


def options_of(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """Section of the help -> the options in it."""
    from bninspect.cli import run

    assert run([name, "--help"]) == 0
    found: dict[str, list[str]] = {}
    title = ""
    for line in capsys.readouterr().out.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            title = line.removesuffix(":")
        elif line.startswith("  -"):
            found.setdefault(title, []).append(line.split()[0].rstrip(","))
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_options_stand_in_sections_the_common_ones_first(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = options_of(name, capsys)
    titles = list(found)
    assert titles[0] == ("Inputs" if name == "probe" else "Options")
    assert titles[-1] == "More options"
    assert found["More options"][-2:] == ["--traceback", "-h"]
    if "Inputs" in found:
        every = ["--image", "--data", "--random", "--feed", "--preprocess", "--size"]
        assert found["Inputs"] == (["--feed"] if name == "forecast" else every)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_and_takes_traceback(name: str) -> None:
    import click

    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert command.name == name
    assert f"bninspect {name} " in (command.epilog or "")
    assert "--traceback" in {option for parameter in command.params for option in parameter.opts}


def test_what_a_large_set_needs_stands_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["refresh", "--help"], standalone_mode=False) in (0, None)
    section = capsys.readouterr().out.split("A large set:")[1].split("\n\n")[0]
    for option in ("--jobs", "--until", "--engine", "--parts", "--moments", "--merge"):
        assert f"  {option} " in section
