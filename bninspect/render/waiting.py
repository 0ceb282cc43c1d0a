"""What a command is at, and how long it will take, on standard error and only where that is a terminal.

Two things are heard: the steps (`bninspect.steps`), and how many images, or models, are done. Between two
batches the bar moves by the clock: a batch takes as long as the one before it.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bninspect.steps import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.progress import Progress, TaskID

    Tell = Callable[[int, int], None]

_MOST_OF_A_BATCH = 0.95
"""A batch that takes longer than the one before it waits here."""


class Clock:
    """How many of all are done, by what was heard and by the time since."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self._now = now
        self._begun = self._last = now()
        self._done = self._batch = 0
        self._seconds = 0.0
        """How long the last batch took."""

    def hear(self, done: int, total: int) -> None:
        """So many of all are done."""
        now = self._now()
        if not self.total:
            self._begun = now
        if done > self._done:
            self._batch, self._seconds = done - self._done, now - self._last
        self._done, self._last, self.total = done, now, total

    def done(self) -> float:
        """How many are done by now, of the batch that runs as many as its time says."""
        if not self._seconds:
            return float(self._done)
        share = min(_MOST_OF_A_BATCH, (self._now() - self._last) / self._seconds)
        return min(self._done + share * self._batch, float(self.total))

    def left(self) -> float | None:
        """Seconds that the others take; None before the first batch is done."""
        done = self.done()
        return (self._now() - self._begun) / done * (self.total - done) if self._seconds and done else None


@contextmanager
def waiting(what: str, of: str = "images", console: Console | None = None) -> Iterator[Tell]:
    """Yields what is called with (images done, images in all), or models; steps are heard meanwhile. The bar
    begins with the first step, or with the first count of several, and is gone at the end.
    """
    if console is None and (sys.stderr is None or not sys.stderr.isatty()):
        yield lambda done, total: None
        return
    bar = _Bar(what, of, console)
    try:
        with listening(bar.step):
            yield bar.count
    finally:
        bar.stop()


class _Bar:
    """One line: what is done now, a bar and a count, the time left or the time so far."""

    def __init__(self, what: str, of: str, console: Console | None) -> None:
        self._what = what
        self._of = of
        self._console = console
        self._clock = Clock()
        self._shown: Progress | None = None
        self._task: TaskID | None = None

    def step(self, what: str, done: int, total: int) -> None:
        """Shows the step; a part of a batch is no step of its own once batches are counted, and a step of
        one model none once models are.
        """
        if self._clock.total > 1 and (total or self._of == "models"):
            return
        self._clock = Clock()
        self._show(f"{what} {done + 1} of {total}" if total > 1 else what, at_once=not done)

    def count(self, done: int, total: int) -> None:
        """Shows the bar; one piece of work alone begins none."""
        self._clock.hear(done, total)
        if total > 1 or self._shown is not None:
            self._show(self._what)

    def stop(self) -> None:
        """Takes the line away."""
        if self._shown is not None:
            self._shown.stop()

    def _show(self, text: str, *, at_once: bool = True) -> None:
        """Shows the text now, or when the line is drawn next."""
        if self._shown is None:
            self._shown = _progress(self, self._console or _own_standard_error())
            self._task = self._shown.add_task(text, total=None, count="", left="")
            self._shown.start()
        if self._task is not None:
            self._shown.update(self._task, description=text, refresh=at_once)

    def move(self) -> None:
        """Moves the bar to where it is by now."""
        if self._shown is None or self._task is None:
            return
        clock = self._clock
        left = clock.left()
        self._shown.update(
            self._task,
            completed=clock.done(),
            total=clock.total or None,
            count=f"{int(clock.done()):,} of {clock.total:,} {self._of}" if clock.total else "",
            left="" if left is None else f"about {_duration(left)} left",
        )


def _progress(bar: _Bar, console: Console) -> Progress:
    """What draws the line, four times a second, and asks the bar to move before."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    class Moving(Progress):
        def get_renderables(self) -> Iterator[object]:  # type: ignore[override]
            bar.move()
            yield from super().get_renderables()

    fields = TextColumn("{task.fields[count]}"), TextColumn("{task.fields[left]}", style="dim")
    text = TextColumn("{task.description}", markup=False)
    return Moving(text, BarColumn(), TimeElapsedColumn(), *fields, console=console, transient=True)


def _own_standard_error() -> Console:
    """Standard error by a descriptor of its own: TensorFlow is kept off the other one while it works."""
    from rich.console import Console

    return Console(file=os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="replace"))


def _duration(seconds: float) -> str:
    """`8 s`, `3 min`, `2 h 5 min`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
