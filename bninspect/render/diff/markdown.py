"""`diff --format markdown`: for a job summary or a comment. The verdict is text, the screen a block of code,
in which nothing that a file says is markup.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bninspect.escaping import printable
from bninspect.render.diff.screen import render_diff
from bninspect.render.line import Room

if TYPE_CHECKING:
    from bninspect.commands.diff.pair import PairResult

_MARKUP = re.compile(r"([&<>\\`*_\[\]|~#@!])")


def diff_markdown(result: PairResult) -> str:
    """The document, with a last line end."""
    (screen,) = render_diff(result)
    first, *rest = ["".join(text for text, _ in row).rstrip() for row in screen.rows(Room(None))]
    text = "\n".join(rest)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    heading = _MARKUP.sub(r"\\\1", printable(first))
    return f"## bninspect diff\n\n{heading}\n\n{fence}text\n{text}\n{fence}\n"
