"""What all tests share: golden output, compared with files and rewritten by `pytest --update-expected`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-expected", action="store_true", help="write the golden files anew")


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
