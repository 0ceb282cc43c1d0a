"""How many images of a probe are through, on standard error and only where that is a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report = Callable[[int, int], None]


@contextmanager
def images_done(what: str, console: Console | None = None) -> Iterator[Report]:
    """Gives what is to be told (done, total) after each step; the bar is gone when the work is.

    Drawn by hand, never by a thread: TensorFlow is kept off standard error while it works.
    """
    if console is None:
        if sys.stderr is None or not sys.stderr.isatty():
            yield lambda done, total: None
            return
        console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as shown:
        task = shown.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)
            shown.refresh()

        yield report
