"""Elements of HTML and SVG. What a file says is text here and never markup: it is escaped where it is put in.

`Html` marks what is markup already; every other string is escaped. So no caller can forget to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.escaping import legible

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID = frozenset({"meta", "link", "br", "img", "input", "line", "rect", "circle", "path", "polyline"})
"""Elements without content: those of HTML have no end tag, and those of SVG may close themselves."""
_SVG = frozenset({"line", "rect", "circle", "path", "polyline"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_LONGEST = 240
"""Letters of a name from which its middle is left out, where it stands among other words."""


class Html(str):
    """Text that is markup."""

    __slots__ = ()


def tag(name: str, /, *inside: str, **attributes: str | float | bool | None) -> Html:
    """An element. `class_` is the attribute class, `data_at` is data-at; None and False leave one out, True
    stands without a value.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}/>" if name in _SVG else f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(inside)}</{name}>")


def table(heads: Iterable[tuple[str, str]], rows: Iterable[Html], *, name: str | None = None) -> Html:
    """A table below (title, class) of each column; where it is wider than the page it scrolls by itself.
    `name` is its id.
    """
    titles = (tag("th", title, class_=look or None, scope="col") for title, look in heads)
    whole = tag("table", tag("thead", tag("tr", *titles)), tag("tbody", *rows), id=name)
    return tag("div", whole, class_="tables", tabindex="0")


def joined(parts: Iterable[str]) -> Html:
    """The parts one behind the other, what is no markup escaped."""
    return Html("".join(map(escaped, parts)))


def escaped(part: str) -> str:
    """Text as it stands in an element or an attribute: nothing in it is markup, and every letter can be
    seen.
    """
    return part if isinstance(part, Html) else legible(part).translate(_ESCAPES)


def shortened(name: str, most: int = _LONGEST) -> str:
    """The name, its middle left out where it is longer than `most` letters."""
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[len(name) - (most - 1 - head) :]}"


def place(value: float) -> str:
    """A coordinate: one decimal at most."""
    written = f"{value:.1f}"
    return written.removesuffix(".0")


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = place(value) if isinstance(value, int | float) else escaped(value)
    return f' {name}="{text}"'
