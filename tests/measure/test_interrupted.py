"""Ctrl-C and SIGTERM while TensorFlow runs a model that never ends: all ends within 2 s, in a line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = FIXTURES / "cases" / "while_endless.pb"
_SECONDS = 2.0
_SIGNALLED = """
import os, sys, threading, time
from bninspect.cli import main
from bninspect.run.session import Session

def end(number):
    time.sleep(0.5)
    print(time.time(), flush=True)
    os.kill(os.getpid(), number)

def started(session, *arguments, run=Session.run):
    threading.Thread(target=end, args=(int(number),), daemon=True).start()
    return run(session, *arguments)

number = sys.argv.pop(1)
Session.run = started
main()
"""
"""A command that sends a signal to itself half a second after its model began to run, and prints when."""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("number", "command", "code", "line"),
    [
        (signal.SIGINT, ("probe",), 130, "interrupted"),
        (signal.SIGINT, ("check",), 130, "interrupted"),
        (signal.SIGTERM, ("refresh", "-o", "out.pb"), 143, "ended from outside (SIGTERM)"),
    ],
)
def test_a_model_that_never_ends_is_left(
    tmp_path: Path, number: signal.Signals, command: tuple[str, ...], code: int, line: str
) -> None:
    arguments = [str(int(number)), *command, str(ENDLESS), "--random", "2"]
    done = subprocess.run(
        [sys.executable, "-c", _SIGNALLED, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    left = time.time() - float(done.stdout.splitlines()[0])
    assert (done.returncode, done.stderr.splitlines()[-1]) == (code, f"bninspect: {line}")
    assert "Traceback" not in done.stderr
    assert left < _SECONDS
    assert list(tmp_path.glob(".*")) == []


def test_sigterm_while_a_file_is_written_leaves_nothing(tmp_path: Path) -> None:
    script = """
import os, signal
from bninspect.cli import main
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGTERM)
main()
"""
    model = FIXTURES / "classic.pb"
    done = subprocess.run(
        [sys.executable, "-c", script, "strip", str(model), "-o", "out.pb", "--no-verify"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (143, "bninspect: ended from outside (SIGTERM)\n")
    assert list(tmp_path.iterdir()) == []
