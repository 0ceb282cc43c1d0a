"""What tests of probe share: a skip, with its reason, where TensorFlow is missing; the line of a refusal."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from bninspect.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("tensorflow") and find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")


@pytest.fixture
def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The one line that `graph` ends with for these bytes, without the path."""

    def call(content: bytes, command: Sequence[str] = ("graph",)) -> str:
        path = tmp_path / "model"
        path.write_bytes(content)
        assert run([*command, str(path)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        [line] = err.splitlines()
        head = f"bninspect: {path}: "
        assert line.startswith(head)
        return line.removeprefix(head)

    return call
