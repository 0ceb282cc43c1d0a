"""One mutant through everything that reads a model, and what came of it."""

from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import signal
import traceback
from typing import TYPE_CHECKING, NamedTuple

from bninspect import cli
from bninspect.errors import InputError
from tests.fuzz import data_sets
from tests.fuzz.seeds import CONFIGURATIONS
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMIT = 10.0
"""Processor seconds for one mutant."""
MODEL = FIXTURES / "const_true.pb"
"""What a configuration is tried on."""
MEMORY = 1 << 30
"""Bytes that one mutant may take beyond what the process has."""
FAULTS = ("traceback", "hang", "memory")
FORMATS = ("text", "json", "sarif", "junit", "github")


class Trial(NamedTuple):
    """What came of a mutant."""

    readable: bool
    fault: str | None = None
    """One of FAULTS; None for a mutant that was survived."""
    told: str = ""
    """The command, and the end of what it printed."""


class _HangError(BaseException):
    """The limit of time is over; nothing but this file catches it."""


def trial(path: Path, original: Path, folder: Path) -> Trial:
    """The mutant, run through every command that needs no TensorFlow, in this process and its own folder;
    a data set is read.
    """
    readable = False
    os.chdir(path.parent)
    if original in data_sets.files().values():
        code, told = _limited(lambda: _read(path), io.StringIO())
        return Trial(code == 0, code if isinstance(code, str) else None, told)
    for number, arguments in enumerate(_commands(path, original, folder)):
        code, told = _run(arguments)
        if number == 0:
            readable = code in (0, 1)
        if isinstance(code, str):
            return Trial(readable, code, f"{' '.join(arguments)}\n{told[-3000:]}")
        if number == 0 and not readable:
            break
    return Trial(readable)


def _commands(path: Path, original: Path, folder: Path) -> list[list[str]]:
    """The first reads the file: where it cannot, no other can."""
    model, out = str(path), str(folder / "out.pb")
    if original.parent == CONFIGURATIONS:
        named = ["--baseline", model] if path.suffix == ".json" else []
        return [["check", str(MODEL), *named], ["check", str(MODEL), *named, "--format", "json"], ["rule"]]
    return [
        ["graph", model],
        ["graph", model, "--layer", "*"],
        ["graph", model, "--format", "json"],
        *(["check", model, "--deploy", "--format", form] for form in FORMATS),
        ["strip", model, "--no-verify", "-o", out],
        ["strip", model, "--no-verify", "--mode", "training", "-o", out],
        ["diff", str(original), model],
        ["diff", model, str(original), "--format", "json"],
    ]


def _run(arguments: list[str]) -> tuple[int | str, str]:
    """(exit code, or what went wrong; what was printed)."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        return _limited(lambda: cli.run(arguments), out)


def _read(path: Path) -> int:
    """The exit code that a command would end with where this file is its data."""
    try:
        data_sets.read(path, random.Random(path.read_bytes()))
    except InputError:  # its line is made safe to print at the door of the command
        return 2
    return 0


def _limited(call: Callable[[], int], out: io.StringIO) -> tuple[int | str, str]:
    """(exit code, or what went wrong; what was printed as an error) of what may take only so much."""
    err = io.StringIO()
    signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        with contextlib.redirect_stderr(err), _memory():
            code = call()
    except MemoryError:
        return "memory", traceback.format_exc()
    except Exception:
        return "traceback", traceback.format_exc()
    except _HangError:
        return "hang", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if "more memory than there is" in err.getvalue() + out.getvalue():
        return "memory", err.getvalue()
    return ("traceback" if code == 3 else code), err.getvalue()


def _ring(number: int, frame: object) -> None:
    raise _HangError


@contextlib.contextmanager
def _memory() -> Iterator[None]:
    """At most MEMORY more than now."""
    with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
        now = int(stream.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
