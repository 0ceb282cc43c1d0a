"""Text on a terminal: it wraps at spaces, and names are folded, never cut, so that each can be read and
pasted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.measure import Measurement
from rich.text import Text

from bninspect.escaping import printable
from bninspect.render.names import wrap

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


class Prose:
    """Text that wraps at spaces and folds a long name behind a `/`; nothing in it is read as markup."""

    def __init__(self, text: str, style: str = "", *, indent: int = 0, hang: int = 0) -> None:
        """`indent` spaces stand before every line, `hang` more before those that continue one."""
        self.text = printable(text)
        self.style = style
        self.indent = indent
        self.hang = hang

    def pieces(self, width: int) -> list[str]:
        """The lines, of at most `width`, without the indent."""
        if cell_len(self.text) <= width:
            return [self.text]
        first, *rest = wrap(self.text, max(1, width - self.hang))
        return [first, *(" " * self.hang + piece for piece in rest)]

    @property
    def longest(self) -> int:
        """The width at which nothing wraps."""
        return self.indent + cell_len(self.text)

    @property
    def longest_part(self) -> int:
        """The width below which a name is folded where it has no `/`."""
        parts = self.text.replace("/", "/ ").split(" ")
        hang = self.hang if len(parts) > 1 else 0
        return self.indent + hang + max(cell_len(part) for part in parts)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for piece in self.pieces(options.max_width - self.indent):
            yield Text(" " * self.indent + piece, style=self.style, overflow="fold")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(self.longest_part, options.max_width), min(self.longest, options.max_width))
