"""The progress bar: drawn where there is a terminal, nothing at all elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bninspect.render.probe.progress import images_done


def test_a_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    file = io.StringIO()
    with images_done("both modes", Console(file=file, force_terminal=True, width=80)) as tell:
        tell(0, 64)
        tell(32, 64)
    assert "both modes" in file.getvalue()
    assert "32/64" in file.getvalue()


def test_a_pipe_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with images_done("both modes") as tell:
        tell(1, 2)
    assert capsys.readouterr() == ("", "")
