"""Where lines are drawn: a terminal as wide as it is, or a pipe, in which nothing folds.

A terminal is drawn on by rich, which knows what colours it has; a pipe needs none of it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from bninspect.render.line import Room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from bninspect.render.line import Item, Row

_NARROWEST = 40
_STYLES = {
    "plain": "",
    "bold": "bold",
    "dim": "dim",
    "good": "green",
    "note": "cyan",
    "warning": "yellow",
    "error": "bold red",
}


class Screen:
    """A stream to draw on, and how much room it has."""

    def __init__(self, stream: TextIO, width: int | None = None, console: Console | None = None) -> None:
        """`width`: columns, None for a pipe; `console`: what gives the tones their colours, if anything."""
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
        self.stream = stream
        self.room = Room(width, blocks=encoding.startswith("utf"))
        self.console = console

    def write(self, items: Iterable[Item]) -> None:
        """Draws lines, tables and trees in order. Raises BrokenPipeError if their reader is gone."""
        for item in items:
            for row in item.rows(self.room):
                self._draw(row)

    def _draw(self, row: Row) -> None:
        if self.console is None:
            self.stream.write("".join(text for text, _ in row).rstrip() + "\n")
            return
        from rich.text import Text

        drawn = Text.assemble(*((text, _STYLES[tone]) for text, tone in row))
        drawn.rstrip()
        self.console.print(drawn, soft_wrap=True, highlight=False)


def standard_output() -> Screen:
    """Standard output of this process."""
    return _screen(sys.stdout)


def standard_error() -> Screen:
    """Standard error, where standard output holds data."""
    return _screen(sys.stderr)


def _screen(stream: TextIO) -> Screen:
    """The stream with its width; COLUMNS sets one for a pipe, too."""
    asked = os.environ.get("COLUMNS", "")
    terminal = stream.isatty()
    sized = terminal or (asked.isdecimal() and int(asked))
    width = None
    if sized:
        from shutil import get_terminal_size

        width = max(_NARROWEST, get_terminal_size((80, 24)).columns)
    return Screen(stream, width, _coloured(stream) if terminal or os.environ.get("FORCE_COLOR") else None)


def _coloured(stream: TextIO) -> Console:
    """What draws in the colours of this terminal; NO_COLOR leaves bold and dim."""
    from rich.console import Console

    class Colours(Console):
        """What to do when the reader is gone is for the command to say."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Colours(file=stream)
