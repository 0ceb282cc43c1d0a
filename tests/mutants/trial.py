"""One fault, planted in a copy of the project: which test notices it, if any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.mutants.faults import Fault

FIRST = 120
"""Tests in the first run: the nearest ones. Most faults end there."""
LONGEST = 600.0
"""Seconds for the tests of one run. A fault that makes a test endless is noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A fault and where it stands."""

    path: Path
    """Of the file, below ROOT."""
    fault: Fault

    def __str__(self) -> str:
        place = f"{self.path.as_posix()}:{self.fault.line}"
        return f"{place}: {_one_line(self.fault.before)} -> {_one_line(self.fault.after)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:120]


class Copy:
    """A copy of the project that faults are planted in, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns(".git", "__pycache__", ".venv", ".mypy_cache", ".ruff_cache")
        shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)

    def noticed(self, mutant: Mutant, tests: Sequence[str]) -> str | None:
        """The last line of the run that noticed the fault; None if all of these tests pass with it."""
        source = (ROOT / mutant.path).read_bytes()
        (self.folder / mutant.path).write_bytes(mutant.fault.plant(source))
        try:
            return self._fails(tests[:FIRST]) or (self._fails(tests[FIRST:]) if tests[FIRST:] else None)
        finally:
            (self.folder / mutant.path).write_bytes(source)

    def _fails(self, tests: Sequence[str]) -> str | None:
        """The last line of pytest if one of the tests fails or does not end; None if they pass."""
        names = self.folder / "tests.args"
        names.write_text("\n".join(tests), encoding="utf-8")
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", f"@{names}"]
        environment = os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "pytest", *options],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no end in {LONGEST:.0f} s"
        lines = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return None if ended.returncode == 0 else (lines or ended.stdout.splitlines() or ["no output"])[-1]
