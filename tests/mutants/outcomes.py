"""A pytest plugin: which tests passed and how long each took, a line a test in the file of OUTCOMES.

Coverage tells which tests run a line. It does not tell those that fail without any fault, nor the long ones.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

VARIABLE = "BNINSPECT_OUTCOMES"
"""Of the environment: the file that is written."""

_seconds: dict[str, float] = defaultdict(float)
_failed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Adds up setup, call and teardown of a test."""
    _seconds[report.nodeid] += report.duration
    if not report.passed:
        _failed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the file, in the process that hears of every test."""
    if not hasattr(session.config, "workerinput"):
        rows = [f"{_seconds[name]:.3f}\t{name}" for name in _seconds if name not in _failed]
        Path(os.environ[VARIABLE]).write_text("\n".join(rows), encoding="utf-8")


def read(file: Path) -> dict[str, float]:
    """Node id -> seconds, of the tests that passed."""
    rows = (row.split("\t", 1) for row in file.read_text(encoding="utf-8").split("\n") if "\t" in row)
    return {name: float(seconds) for seconds, name in rows}
