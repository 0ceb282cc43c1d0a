"""Text within Markdown, for a job summary or a comment: nothing that a file says is markup there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bninspect.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKUP = re.compile(r"([&<>\\`*_\[\]|~#@!])")


def escaped(text: str) -> str:
    """The text, safe to print, with a backslash before every letter that is markup."""
    return _MARKUP.sub(r"\\\1", printable(text))


def fenced(kind: str, lines: Sequence[str]) -> list[str]:
    """The lines as a block of code, which no line of it can end."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{kind}", *lines, ticks]
