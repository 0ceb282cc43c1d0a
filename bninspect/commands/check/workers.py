"""Processes that do one piece of work after another, each of which may be ended from outside at any time.

A pool of the standard library is broken as a whole when one of its processes is killed: what the others were
doing is lost, which piece did it is not known, and in some states its end is waited for without end. Here
every process has a pipe of its own. One that goes away closes it, which tells the piece it was at; another
process takes its place, and nothing is waited for that could not answer.
"""

from __future__ import annotations

import sys
from collections import deque
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from multiprocessing.connection import Connection

Work = TypeVar("Work")
Result = TypeVar("Result")

_FAREWELL = 1.0
"""Seconds that a process has to leave by itself before it is ended."""
_AHEAD = 64
"""Pieces per process that may be done before an earlier one is: their results wait in memory."""


def in_processes(
    function: Callable[[Work], Result],
    work: Sequence[Work],
    jobs: int,
    lost: Callable[[Work], Result],
) -> Generator[Result, None, None]:
    """The results in the order of the work, from at most `jobs` processes that start afresh; `lost` gives the
    result of a piece whose process was ended. The function raises nothing and stands in a module.

    However the iteration ends, the processes are gone when it has.
    """
    crew: list[_Worker[Work, Result]] = []
    done: dict[int, Result] = {}
    waiting = deque(enumerate(work))
    try:
        for number in range(len(work)):
            while number not in done:
                _hand_out(crew, function, waiting, jobs, number + _AHEAD * jobs)
                for worker in _ready(crew):
                    index, piece = worker.at
                    try:
                        done[index] = worker.take()
                    except (EOFError, OSError):
                        done[index] = lost(piece)
                        crew.remove(worker)
                        worker.end()
            yield done.pop(number)
    finally:
        for worker in crew:
            worker.dismiss()
        for worker in crew:
            worker.end()


class _Worker(Generic[Work, Result]):
    """One process, the pipe to it, and the piece it is at."""

    def __init__(self, function: Callable[[Work], Result]) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.busy = False
        self.at: tuple[int, Work]
        """The number and the piece it was given last."""
        self._process = context.Process(target=_serve, args=(function, theirs))
        self._process.start()
        theirs.close()

    def give(self, number: int, piece: Work) -> None:
        """Starts a piece. A process that is gone already is seen when its answer is waited for."""
        self.at, self.busy = (number, piece), True
        with suppress(OSError):
            self.pipe.send(piece)

    def take(self) -> Result:
        """The result. Raises EOFError or OSError where the process is gone."""
        result: Result = self.pipe.recv()
        self.busy = False
        return result

    def dismiss(self) -> None:
        """Tells the process that nothing more comes, or to stop where it is at something."""
        self.pipe.close()
        if self.busy:
            self._process.terminate()

    def end(self) -> None:
        """Waits until the process is gone, and sees to it."""
        self.pipe.close()
        self._process.join(_FAREWELL)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _hand_out(
    crew: list[_Worker[Work, Result]],
    function: Callable[[Work], Result],
    waiting: deque[tuple[int, Work]],
    jobs: int,
    until: int,
) -> None:
    """Work for every process that has none, as far as the piece of this number."""
    while waiting and waiting[0][0] < until:
        worker = next((worker for worker in crew if not worker.busy), None)
        if worker is None:
            if len(crew) >= jobs:
                return
            worker = _Worker(function)
            crew.append(worker)
        worker.give(*waiting.popleft())


def _ready(crew: list[_Worker[Work, Result]]) -> list[_Worker[Work, Result]]:
    """The processes that answered or are gone; waits for one."""
    by_pipe = {worker.pipe: worker for worker in crew if worker.busy}
    return [by_pipe[pipe] for pipe in wait(list(by_pipe)) if pipe in by_pipe]


def _serve(function: Callable[[Work], Result], pipe: Connection) -> None:
    """The life of a process: until nothing more comes. Ctrl-C is for the process that the person sees; one
    that is asked to stop cleans up.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with suppress(EOFError, OSError):
        while True:
            pipe.send(function(pipe.recv()))
