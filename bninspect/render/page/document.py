"""The whole page: one file that fetches nothing, and in which nothing of a model's can run.

Its policy allows its own styles, pictures within it, and the one script whose hash it names.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, joined, shortened, tag
from bninspect.render.page.style import script, style

if TYPE_CHECKING:
    from collections.abc import Iterable


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
