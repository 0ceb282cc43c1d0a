"""Which tests run which line: the suite once under coverage, the running test as its context."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

from tests.mutants import outcomes
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SETTINGS = """
[run]
source = bninspect
data_file = {file}
parallel = true
relative_files = true
core = ctrace
"""
"""`ctrace`, since the newer way to measure knows no contexts."""


MOST = 1000
"""Tests tried on one fault, the nearest and quickest."""


def record(folder: Path, tests: Sequence[str], left_out: Sequence[str], jobs: int) -> None:
    """Runs the tests under coverage, less the files and folders left out, and leaves in the folder what
    `Lines` reads.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "coverage.ini"
    settings.write_text(SETTINGS.format(file=folder / "part"), encoding="utf-8")
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(jobs),
        "-p", "tests.mutants.outcomes", "--cov", f"--cov-config={settings}", "--cov-context=test",
        "--cov-report=", *[f"--ignore={path}" for path in left_out], *tests,
    ]  # fmt: skip
    environment = os.environ | {outcomes.VARIABLE: str(folder / "outcomes")}
    subprocess.run(command, cwd=ROOT, env=environment, check=False)


class Lines:
    """Line of a file -> the tests that run it, of those that passed."""

    def __init__(self, folder: Path) -> None:
        from coverage import CoverageData

        self._data = CoverageData(str(folder / "part"))
        self._data.read()
        self._seconds = outcomes.read(folder / "outcomes")

    def tests_of(self, path: Path, lines: tuple[int, int] | None) -> list[str]:
        """Node ids of the tests that run any of these lines, of the whole file if none are given: first the
        quick ones of the file's own room, then the quick ones of others, of each test function one before any
        has a second. Of lines that no test runs, as they run when their file is imported, those that run a
        file that imports it.
        """
        names = self._running(path, lines)
        if not names:
            names = {name for importer in _importers(path) for name in self._running(importer, None)}
        room = path.relative_to(ROOT / "bninspect").parent.as_posix()
        ranked = sorted(names, key=lambda name: self._rank(name, room))
        turns: dict[str, int] = {}
        seen: Counter[str] = Counter()
        for name in ranked:
            function = name.partition("[")[0]
            turns[name] = seen[function]
            seen[function] += 1
        return sorted(ranked, key=lambda name: (self._rank(name, room)[0], turns[name]))[:MOST]

    def _running(self, path: Path, lines: tuple[int, int] | None) -> set[str]:
        """The tests that run any of these lines, or any of the whole file."""
        contexts = self._data.contexts_by_lineno(path.relative_to(ROOT).as_posix())
        asked = contexts if lines is None else range(lines[0], lines[1] + 1)
        names = {name.rpartition("|")[0] for line in asked for name in contexts.get(line, ())}
        return names & self._seconds.keys()

    def _rank(self, name: str, room: str) -> tuple[int, bool, float]:
        """How late a test is to run: how long it takes, in steps of ten, before how near it stands."""
        seconds = self._seconds[name]
        return (
            sum(seconds > step for step in (0.3, 3.0, 30.0)),
            not name.startswith(f"tests/{room}/"),
            seconds,
        )


def _importers(path: Path) -> list[Path]:
    """The files of the package that import from this one."""
    package, _, module = ".".join(path.relative_to(ROOT).with_suffix("").parts).rpartition(".")
    imports = (f"from {package}.{module} import ", f"from {package} import {module}\n")
    files = sorted((ROOT / "bninspect").rglob("*.py"))
    return [file for file in files if any(one in file.read_text(encoding="utf-8") for one in imports)]
