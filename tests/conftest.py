"""What all tests share: golden output, compared with files and rewritten by `pytest --update-expected`,
the line of a refusal, and trained networks, each made once however many processes run the tests.
"""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bninspect.cli import run
from tests.networks import Store, Trained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-expected", action="store_true", help="write the golden files anew")


def pytest_configure() -> None:
    """Tests that a shell runs in the background ignore Ctrl-C, and so would all that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture
def expected(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Asserts that a file of the folder `expected` beside the test holds a text."""
    folder = Path(request.path).parent / "expected"

    def compare(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update-expected"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; see `pytest --update-expected`"

    return compare


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """Gives the trained network of one of `tests.networks.KINDS`; needs TensorFlow and scikit-learn."""
    for package in ("tensorflow", "sklearn"):
        if find_spec(package) is None:
            pytest.skip(f"a network is trained with {package}, which is not installed")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which all workers of one session share
    kept = os.environ.get("BNINSPECT_NETWORKS")  # one folder for many sessions
    return Store(Path(kept) if kept else folder / "networks").network


@pytest.fixture(autouse=True)
def _no_terminal_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed must not depend on the terminal of whoever runs the tests; test runners set COLUMNS,
    too.
    """
    for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
