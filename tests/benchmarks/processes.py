"""Whole processes, measured from outside: processor time, and the most memory that no file backs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def environment() -> dict[str, str]:
    """This one, with the project in front, no graphics card, and no compiling of what was compiled: what
    Python compiles, it keeps.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def seconds(arguments: Sequence[str]) -> float:
    """The processor time of `python ARGUMENTS` from start to end, children and all; where the system does not
    tell it, the time on the clock. Raises RuntimeError where the process fails.
    """
    begun, used = time.perf_counter(), _used_by_children()
    _run(arguments)
    return _used_by_children() - used or time.perf_counter() - begun


def elapsed(arguments: Sequence[str]) -> float:
    """The time on the clock of `python ARGUMENTS`, where waiting for a disk counts. Raises RuntimeError."""
    begun = time.perf_counter()
    _run(arguments)
    return time.perf_counter() - begun


def _run(arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment(),
        # No configuration stands here or above.
        cwd=tempfile.gettempdir(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2])


def _used_by_children() -> float:
    if resource is None:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fastest(
    *commands: list[str], rounds: int = 5, measure: Callable[[list[str]], float] = seconds
) -> list[float]:
    """The best time of each command, the commands taking turns so that a slow moment hits them alike; before
    that each runs once, so that everything is compiled and read from the disk.
    """
    times: list[list[float]] = [[] for _ in commands]
    for command in commands:
        measure(command)
    for _ in range(rounds):
        for command, taken in zip(commands, times, strict=True):
            taken.append(measure(command))
    return [min(taken) for taken in times]


def anonymous_memory(arguments: Sequence[str]) -> int | None:
    """The most anonymous memory of `python ARGUMENTS` in bytes (RssAnon: no mapped file), or None."""
    with subprocess.Popen(
        [sys.executable, *arguments], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        status, most = Path(f"/proc/{process.pid}/status"), 0
        finished = threading.Event()
        while not finished.is_set() and process.poll() is None:
            try:
                lines = status.read_text(encoding="ascii").splitlines()
            except OSError:
                return None
            sizes = [int(line.split()[1]) for line in lines if line.startswith("RssAnon:")]
            most = max([most, *sizes])
            finished.wait(0.001)
    return most * 1024 or None
