"""A pytest plugin: writes the name of the test that runs now into the file of VARIABLE.

A run that has many tests may take long; a fault that makes one test endless is seen by this file alone.
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "BNINSPECT_RUNNING"
"""Of the environment: the file that is written."""


def pytest_runtest_logstart(nodeid: str) -> None:
    """Called before every test."""
    Path(os.environ[VARIABLE]).write_text(nodeid, encoding="utf-8")
