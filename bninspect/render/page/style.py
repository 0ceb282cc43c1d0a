"""The style sheet and the script of a page, as short as they are sent: without comments and indents."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
_SPACE = re.compile(r"\s*\n\s*")


def style() -> str:
    """The style sheet."""
    return _short("page.css")


def script() -> str:
    """The script: it opens what a link points to, and filters the rows of a table."""
    return _short("page.js")


@cache
def _short(name: str) -> str:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return _SPACE.sub("\n", _COMMENT.sub("", text)).strip()
