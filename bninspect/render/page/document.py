"""The whole page: one file that fetches nothing, and in which nothing of a model's can run.

Its policy allows its own styles, pictures within it, and the one script whose hash it names.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, joined, shortened, tag

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
_SPACE = re.compile(r"\s*\n\s*")


def document(title: str, body: Iterable[str], *, scripted: bool = True) -> str:
    """The page with this title, from its elements; without its script where nobody would let it run."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    scripts = []
    if scripted:
        digest = b64encode(sha256(script().encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
        scripts.append(tag("script", Html(script())))
    head = joined(
        (
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy),
            tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
            tag("link", rel="icon", href="data:,"),
            tag("title", shortened(title)),
            tag("style", Html(style())),
        )
    )
    whole = tag(
        "html",
        tag("head", head),
        tag("body", tag("main", *body), *scripts),
        lang="en",
    )
    return f"<!doctype html>\n{whole}\n"


def style() -> str:
    """The style sheet."""
    return _short("page.css")


def script() -> str:
    """The script: it opens what a link points to, and filters the rows of a table."""
    return _short("page.js")


@cache
def _short(name: str) -> str:
    """The file beside this one as it is sent: without comments and indents."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return _SPACE.sub("\n", _COMMENT.sub("", text)).strip()
