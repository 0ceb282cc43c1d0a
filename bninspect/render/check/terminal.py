"""The lines of a check on a Console: colours by severity, long names folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from bninspect.render.check.text import Line

_STYLES = {
    "error": "bold red",
    "warning": "yellow",
    "note": "cyan",
    "model": "bold",
    "dim": "dim",
    "plain": "",
}


def print_lines(console: Console, lines: Iterable[Line]) -> None:
    """Draws them in order."""
    for line in lines:
        if line.text:
            console.print(Prose(line.text, _STYLES[line.kind], indent=line.indent, hang=2))
        else:
            console.print()
