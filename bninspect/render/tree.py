"""A tree: a line, and the lines below it, joined by rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.render.line import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.render.line import Room, Row, Tone

_RULES = ("├── ", "│   ", "└── ", "    ")
_SIGNS = ("+-- ", "|   ", "`-- ", "    ")


class Tree(NamedTuple):
    """A line, and what hangs on it."""

    text: str
    below: tuple[Tree, ...] = ()
    tone: Tone = "plain"

    def rows(self, room: Room) -> Iterator[Row]:
        """The line, which folds where it has to, and below it the others."""
        yield from self._rows(room, "", "")

    def _rows(self, room: Room, first: str, rest: str) -> Iterator[Row]:
        """`first` stands before the first row, `rest` before all others."""
        joint, bar, end, gap = _RULES if room.blocks else _SIGNS
        width = None if room.width is None else max(1, room.width - len(first))
        head, *more = pieces(self.text, width, len(bar))
        yield (first, "dim"), (head, self.tone)
        for piece in more:
            yield (rest + (bar if self.below else gap), "dim"), (piece[len(bar) :], self.tone)
        for item in self.below:
            last = item is self.below[-1]
            yield from item._rows(room, rest + (end if last else joint), rest + (gap if last else bar))
