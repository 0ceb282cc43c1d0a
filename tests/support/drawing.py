"""Lines as they are drawn: in a terminal of some width, or in a pipe; with colours or without."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from bninspect.render.console import Screen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.render.line import Item


def drawn(items: Iterable[Item], width: int | None = 100) -> str:
    """What stands on a terminal so wide, or in a pipe if `width` is None."""
    stream = io.StringIO()
    Screen(stream, width).write(items)
    return stream.getvalue()


def coloured(items: Iterable[Item], *, no_color: bool = False) -> str:
    """What is sent to a terminal of 80 columns that has colours."""
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system="standard", no_color=no_color)
    Screen(stream, 80, console).write(items)
    return stream.getvalue()
