"""Which tests run which line: the suite once under coverage, the running test as its context."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS = """
[run]
source = bninspect
data_file = {file}
parallel = true
dynamic_context = test_function
"""


def record(folder: Path, tests: Sequence[str], jobs: int) -> Path:
    """Runs the tests under coverage; gives the file that `tests_of` reads."""
    settings = folder / "coverage.ini"
    settings.write_text(SETTINGS.format(file=folder / "part"), encoding="utf-8")
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(jobs),
        "--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report=", *tests,
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=False)
    return folder / "part"


class Lines:
    """Line of a file -> the tests that run it."""

    def __init__(self, file: Path) -> None:
        from coverage import CoverageData

        self._data = CoverageData(str(file))
        self._data.read()

    def tests_of(self, path: Path, lines: tuple[int, int] | None) -> list[str]:
        """Node ids of the tests that run any of these lines, of the whole file if none are given; those of
        the file's own room first.
        """
        contexts = self._data.contexts_by_lineno(str(path))
        asked = contexts if lines is None else range(lines[0], lines[1] + 1)
        names = {name for line in asked for name in contexts.get(line, ()) if name}
        found = {name.rpartition("|")[0] for name in names}
        room = path.relative_to(ROOT / "bninspect").parent.as_posix()
        return sorted(found, key=lambda name: (not name.startswith(f"tests/{room}/"), name))
