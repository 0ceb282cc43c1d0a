"""The figures of docs/design.md: how large the package is, and how deep the answers of commands lie."""

from __future__ import annotations

import re

import pytest

from tests.chains import COMMANDS, longest_chain, size
from tests.support.places import ROOT

DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
SHARE = 0.05
"""By which the page may be behind the tree."""
CALLS = 3
"""As SHARE, for the length of a chain, which differs between versions of Python, too."""


def row(start: str) -> list[str]:
    """The cells of the table's row that starts so."""
    [line] = [line for line in DESIGN.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_size_is_today_s() -> None:
    [(files, lines)] = re.findall(r"it has\s(\d+) files and ([\d,]+) lines today", DESIGN)
    assert int(files) == pytest.approx(size().files, rel=SHARE)
    assert int(lines.replace(",", "")) == pytest.approx(size().lines, rel=SHARE)


@pytest.mark.parametrize("command", ["graph", "check", "diff", "forecast", "rule"])
def test_the_chain_is_today_s(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = dict(zip(row("| graph"), row("today"), strict=True))
    assert len(longest_chain(COMMANDS[command])) == pytest.approx(int(said[command]), abs=CALLS)
