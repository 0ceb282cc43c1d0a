"""strip run in this process, and what it makes of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bninspect
from bninspect import cli
from tests.cli.stripping import CLASSIC, Run

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Runs strip in this process: (exit code, standard output, standard error)."""

    def call(*arguments: str) -> Run:
        code = cli.run(["strip", *arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """What strip makes of classic.pb."""
    bninspect.strip(CLASSIC, tmp_path / "whole.pb", verify=False)
    data = (tmp_path / "whole.pb").read_bytes()
    (tmp_path / "whole.pb").unlink()
    return data
