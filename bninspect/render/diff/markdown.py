"""`diff --format markdown`: the verdict is text, the screen below it a block of code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.diff.screen import render_diff
from bninspect.render.line import Room
from bninspect.render.markdown import escaped, fenced

if TYPE_CHECKING:
    from bninspect.commands.diff.pair import PairResult


def diff_markdown(result: PairResult) -> str:
    """The document, with a last line end."""
    (screen,) = render_diff(result)
    first, *rest = ["".join(text for text, _ in row).rstrip() for row in screen.rows(Room(None))]
    return "\n".join(["## bninspect diff", "", escaped(first), "", *fenced("text", rest), ""])
