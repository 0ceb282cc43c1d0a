"""Ctrl-C and SIGTERM: one line, the exit code of the signal, nothing left, within two seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.places import ROOT
from tests.support.stripping import CLASSIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of another kind")

PROMISE = 2.0
"""Seconds; what a busy machine adds is not the program's."""
BUSY = 4.0

SLOW = """
import sys, time
from pathlib import Path
from bninspect import cli, files
from bninspect.graphdef import writer

def slow(graphdef):
    yield from honest(graphdef)
    mark.touch()
    {wait}

honest, writer.pieces = writer.pieces, slow
mark = Path(sys.argv.pop(1))
cli.main()
"""
IN_PYTHON = "time.sleep(60)"
IN_C = "import ctypes; ctypes.CDLL(None).sleep(60); ctypes.CDLL(None).sleep(60)"
"""A call that a signal handler of Python waits for, twice: the signal itself ends the first."""


@pytest.fixture(autouse=True)
def _signals_are_heard() -> Iterator[None]:
    """A shell that runs the tests in the background ignores signals; so would their children."""
    ignored = [
        number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) == signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def ended(command: Sequence[str], mark: Path, number: int) -> tuple[int, str, float]:
    """(exit code, standard error, seconds) of a process that gets the signal once the mark is there."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    begun = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    return process.returncode, err, time.monotonic() - begun


@pytest.mark.parametrize("wait", [IN_PYTHON, IN_C], ids=["in_python", "in_c"])
@pytest.mark.parametrize(
    ("number", "line"),
    [
        (signal.SIGINT, "interrupted"),
        (signal.SIGTERM, "ended from outside (SIGTERM)"),
        (signal.SIGHUP, "the terminal is gone"),
    ],
)
def test_a_signal_leaves_nothing_and_says_one_line(tmp_path: Path, wait: str, number: int, line: str) -> None:
    (tmp_path / "out").mkdir()
    target, mark = tmp_path / "out" / "new.pb", tmp_path / "mark"
    target.write_bytes(b"mine")
    script = SLOW.format(wait=wait)
    arguments = [str(mark), "strip", str(CLASSIC), "-o", str(target), "--no-verify"]
    code, err, took = ended([sys.executable, "-c", script, *arguments], mark, number)
    assert (code, err) == (128 + number, f"bninspect: {line}\n")
    assert took < PROMISE + BUSY
    assert [path.name for path in target.parent.iterdir()] == ["new.pb"]
    assert target.read_bytes() == b"mine"


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + SLOW.format(
        wait="time.sleep(2)"
    )
    target = tmp_path / "new.pb"
    arguments = [str(mark), "strip", str(CLASSIC), "-o", str(target), "--no-verify"]
    code, err, _ = ended([sys.executable, "-c", script, *arguments], mark, signal.SIGHUP)
    assert (code, err) == (0, "")
    assert target.exists()


CHECKING = """
import time
from pathlib import Path
from bninspect import cli
from bninspect.commands.check import many_models, workers

def slow(settings):
    Path({mark!r}).touch()
    time.sleep(60)

if __name__ == "__main__":
    many_models._results = lambda work, jobs: workers.in_processes(slow, work, jobs, many_models._ended)
    cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_check_with_workers_ends(tmp_path: Path, number: int) -> None:
    script = tmp_path / "script.py"
    script.write_text(CHECKING.format(mark=str(tmp_path / "mark")))
    command = [sys.executable, str(script), "check", str(CLASSIC), str(CLASSIC), "--jobs", "2"]
    code, err, took = ended(command, tmp_path / "mark", number)
    assert code == 128 + number
    assert err.count("\n") == 1
    assert took < PROMISE + BUSY
