"""A line of output before it is drawn: its text, how loud it is, and how it folds where there is little room.

A line wraps at spaces, and a name folds behind a `/`: nothing is ever cut, so that every name can be read
and pasted. A command to paste is `whole`: it stays on one line however narrow the terminal is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from rich.cells import cell_len

from bninspect.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

Tone = Literal["plain", "bold", "dim", "good", "note", "warning", "error"]
Row = tuple[tuple[str, Tone], ...]
"""One line as it is drawn: pieces of text, and the tone of each."""


class Room(NamedTuple):
    """What a line has to fit into."""

    width: int | None
    """Columns of the terminal; None for a pipe or a file, where nothing folds."""
    blocks: bool = True
    """Whether line drawing and blocks can be shown."""


class Item(Protocol):
    """What can be drawn: a Line, a Table, a Tree."""

    def rows(self, room: Room) -> Iterator[Row]:
        """Its lines, which fit into the room where they can."""


class Line(NamedTuple):
    """One statement. Empty, it is an empty line."""

    text: str = ""
    tone: Tone = "plain"
    indent: int = 0
    """Spaces before every row of it."""
    hang: int = 2
    """Spaces more before the rows that continue it."""
    label: str = ""
    """Stands before the text. Where there is one, it has the tone, and the text is plain."""
    whole: bool = False
    """Whether it never folds: a command to paste."""

    def rows(self, room: Room) -> Iterator[Row]:
        """The row, or several where it is longer than the room is wide."""
        label = printable(self.label)
        width = None if room.width is None or self.whole else room.width - self.indent
        for number, piece in enumerate(pieces(label + self.text, width, self.hang)):
            left = " " * self.indent
            if label and number == 0 and piece.startswith(label):
                yield (left + label, self.tone), (piece[len(label) :], "plain")
            else:
                yield ((left + piece, "plain" if label else self.tone),)


_PASTED = ("bninspect ", "cp ", "with ")
"""How a fix begins that is no sentence: a command, or a line of Python."""


def fix_line(fix: str, code: str, said: dict[str, str], indent: int) -> Line:
    """The fix of a finding, once, however many findings it is the fix of: `fix: bninspect strip ...`, or
    `fix: the one of BN405` where that rule has said it before; `said` is what was said so far, and by which
    rule.
    """
    first = said.setdefault(fix, code)
    if first != code:
        return Line(f"fix: the one of {first}", indent=indent)
    return Line(fix, indent=indent, label="fix: ", whole=fix.startswith(_PASTED))


def pieces(text: str, width: int | None, hang: int = 0) -> list[str]:
    """The text, safe to print, in lines of at most `width`; `hang` spaces stand before all but the first."""
    text = printable(text)
    if width is None or cell_len(text) <= width:
        return [text]
    first, *rest = wrap(text, max(1, width), max(1, width - hang))
    return [first, *(" " * hang + piece for piece in rest)]


def fold(name: str, width: int) -> list[str]:
    """The name in lines of at most `width`, broken behind a `/` where possible; joined they are the name."""
    lines = [""]
    for part in re.findall(r"[^/]*/|[^/]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
        while len(lines[-1]) > width:
            # An underscore is the second best place.
            end = lines[-1].rfind("_", width // 2, width) + 1 or width
            lines[-1:] = [lines[-1][:end], lines[-1][end:]]
    return lines


def wrap(text: str, first: int, rest: int) -> list[str]:
    """The text in lines broken at spaces, the first of at most `first`, the others of at most `rest`; a name
    too long for a line is folded.
    """
    lines = [""]
    for word in text.split(" "):
        width = first if len(lines) == 1 else rest
        if lines == [""] and len(word) <= first:
            lines = [word]
        elif not lines[-1]:
            lines[-1:] = fold(word, rest)
        elif len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += fold(word, rest)
    return lines
