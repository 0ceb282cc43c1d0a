"""Ctrl-C and SIGTERM while TensorFlow runs a model that never ends: all ends within 2 s, in a line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from bninspect.measure.interruptible import interruptible

from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = FIXTURES / "cases" / "while_endless.pb"
_SECONDS = 2.0
_SIGNALLED = """
import os, signal, sys, threading, time
from bninspect.cli import main

def end(number):
    while not any(thread.name == "bninspect model" for thread in threading.enumerate()):
        time.sleep(0.05)
    time.sleep(0.5)
    print(time.time(), flush=True)
    os.kill(os.getpid(), number)

threading.Thread(target=end, args=(int(sys.argv.pop(1)),), daemon=True).start()
main()
"""
"""A command that sends a signal to itself half a second after its model began to run, and prints when."""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("number", "command", "code", "line"),
    [
        (signal.SIGINT, ("probe",), 130, "interrupted"),
        (signal.SIGINT, ("check",), 130, "interrupted"),
        (signal.SIGTERM, ("refresh", "-o", "out.pb"), 143, "terminated"),
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
    assert (done.returncode, done.stderr) == (143, "bninspect: terminated\n")
    assert list(tmp_path.iterdir()) == []


def test_what_waits_is_interrupted_while_the_work_goes_on() -> None:
    ended = threading.Event()
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interruptible(ended.wait)
    assert time.monotonic() - start < _SECONDS
    ended.set()


def test_what_the_work_gives_and_raises_is_handed_on() -> None:
    assert interruptible(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 // 0)
