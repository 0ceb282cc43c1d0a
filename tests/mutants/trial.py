"""One fault, planted in a copy of the project: which test notices it, if any."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.mutants.running import VARIABLE
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutants.faults import Fault

FIRST = 150
"""Tests in the first run: the nearest and quickest ones. Most faults end there."""
LONGEST = 180.0
"""Seconds for one test. A fault that makes a test endless is noticed."""

_GONE = "ERROR: not found: "
"""What pytest says of a test that is not there, less its parameters. A fault may change which there are: that
fails none."""


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

    def __init__(self, folder: Path, networks: Path) -> None:
        """`networks`: where trained networks are kept from one fault to the next."""
        self.folder = folder
        self._networks = networks
        ignored = shutil.ignore_patterns(".git", ".venv", ".mypy_cache", ".ruff_cache", ".hypothesis")
        shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)
        self._warm = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def noticed(self, mutant: Mutant, tests: Sequence[str]) -> str | None:
        """The test that noticed the fault, or why nothing could run; None if all of these pass with it."""
        source = (ROOT / mutant.path).read_bytes()
        place = self.folder / mutant.path
        compiled = Path(importlib.util.cache_from_source(place))
        compiled.unlink(missing_ok=True)
        place.write_bytes(mutant.fault.plant(source))
        try:
            return self.first_to_fail(tests[:FIRST]) or self.first_to_fail(tests[FIRST:])
        finally:
            place.write_bytes(source)
            compiled.unlink(missing_ok=True)

    def first_to_fail(self, tests: Sequence[str]) -> str | None:
        """The test that failed first, or why none could run; None if all pass."""
        return next(iter(self._run(tests, "-x")), None) if tests else None

    def failing(self, tests: Sequence[str]) -> set[str]:
        """Those of these tests that fail without any fault."""
        return set(self._run(tests)) if tests else set()

    def _run(self, tests: Sequence[str], *options: str) -> list[str]:
        """The tests that failed, or the one line that tells why none ran."""
        names, output = self.folder / "tests.args", self.folder / "tests.out"
        running = self.folder / "tests.running"
        running.write_text("no end before the first test", encoding="utf-8")
        names.write_text("\n".join(tests), encoding="utf-8")
        settings = ["-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", "--hypothesis-seed=0", *options]
        settings += ["-p", "tests.mutants.running", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        # What Python and pytest compile is kept for all files but the one with the fault.
        environment = {
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "",
            "COLUMNS": "4000",
            "BNINSPECT_NETWORKS": str(self._networks),
            VARIABLE: str(running),
        }
        asked: dict[str, Any] = {
            "folder": str(self.folder),
            "arguments": [*settings, f"@{names}"],
            "output": str(output),
            "running": str(running),
            "environment": environment,
            "seconds": LONGEST,
        }
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        print(json.dumps(asked), file=self._warm.stdin, flush=True)
        code = int(self._warm.stdout.readline())
        if code <= 0:
            return [] if code == 0 else [running.read_text(encoding="utf-8")]
        said = output.read_text(encoding="utf-8", errors="replace").splitlines()
        gone = {line.removeprefix(f"{_GONE}{self.folder}/") for line in said if line.startswith(_GONE)}
        if gone:
            left = [test for test in tests if test.partition("[")[0] not in gone]
            return self._run(left, *options) if left and len(left) < len(tests) else []
        failed = [line.split(" ", 1)[1] for line in said if line.startswith(("FAILED ", "ERROR "))]
        return [line.split(" - ")[0] for line in failed] or ["no output", *filter(None, said)][-1:]
