"""The browser, opened once, and pages in it. Without one tests skip, unless BNINSPECT_BROWSER=required."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.render.page.browser.opened import Opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def _missing() -> str | None:
    for package in ("playwright", "axe_playwright_python"):
        if find_spec(package) is None:
            return f"{package} is not installed"
    return None if any(map(shutil.which, _NAMES)) else f"no browser is installed: {', '.join(_NAMES)}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the machine has it."""
    missing = _missing()
    if missing is not None:
        assert os.environ.get("BNINSPECT_BROWSER") != "required", missing
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, _NAMES))), args=["--no-sandbox"]
        )
        yield found
        found.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens the text of a page as a file, without a network: `opened(text, width=360, dark=True)`."""
    contexts = []

    def call(text: str, *, width: int = 1100, dark: bool = False, script: bool = True) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            offline=True,
        )
        contexts.append(context)
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        return Opened.of(context.new_page(), path)

    yield call
    for context in contexts:
        context.close()
