"""A report in at most 40 rows, whatever the model: the verdict first, and last if more than a screen follows.

What stands below the verdict is given in several ways, from the fullest to the shortest. The first that fits
is drawn; of the last as many rows as fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.line import Line
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bninspect.render.line import Item, Room, Row

    Body = Callable[[], Iterable[Item]]

MOST_ROWS = 40
ONE_SCREEN = 24
"""Rows of a terminal: below more of them the verdict is repeated."""
EVERYTHING = 1_000_000
"""The limit of a body that shows all there is."""


def sections(*parts: Iterable[Item]) -> Iterator[Item]:
    """The items of all parts, with an empty line before each part that has any."""
    for part in parts:
        for number, item in enumerate(part):
            if number == 0:
                yield Line()
            yield item


class Screenful:
    """The verdict and one of the bodies."""

    def __init__(self, verdict: Line, *bodies: Body, limited: bool = True, rest: str = "--all") -> None:
        """`bodies` give what stands below the verdict, the fullest first; not `limited`: the first is drawn
        whole, because all was asked for. `rest`: what shows what does not fit.
        """
        self.verdict = verdict
        self.bodies = bodies
        self.limited = limited
        self.rest = rest

    def rows(self, room: Room) -> Iterator[Row]:
        """The verdict, what stands below, and the verdict again."""
        first = list(self.verdict.rows(room))
        below: list[Row] = []
        for body in self.bodies:
            below = [row for item in body() for row in item.rows(room)]
            if not self.limited or len(below) + 2 * len(first) <= MOST_ROWS:
                break
        else:
            more = len(below) + 2 * len(first) + 1 - MOST_ROWS
            below[-more:] = Line(f"and {counted(more, 'more line')}: {self.rest}", "dim").rows(room)
        yield from first
        yield from below
        if len(first) + len(below) > ONE_SCREEN:
            yield from first
