"""Ctrl-C and a request to end (SIGTERM, SIGHUP): the command cleans up and is gone within two seconds.

Python runs a signal handler between two steps of the main thread, and so not while that thread is in a
library's C++ code. A thread of our own hears of the signal at once, through the descriptor that Python writes
its number to; where the main thread has not come back in time, it takes away what was not finished and ends
the process.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_GRACE = 1.2
"""Seconds that the main thread has: of the two that are promised, what a slow machine leaves."""
_CLEAR = b"\r\x1b[2K\x1b[?25h"
"""Takes a line of progress off a terminal, and shows the cursor again."""
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
LINES = {"SIGINT": "interrupted", "SIGTERM": "ended from outside (SIGTERM)", "SIGHUP": "the terminal is gone"}


class Ended(KeyboardInterrupt):
    """A signal that asks the process to end; what cleans up after Ctrl-C cleans up after it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def line(self) -> str:
        """What is said of it."""
        return LINES.get(signal.Signals(self.number).name, "interrupted")

    @property
    def code(self) -> int:
        """The exit code, as a shell has it."""
        return 128 + self.number


def watch() -> None:
    """From here on a signal raises `Ended` in the main thread, or ends the process without it."""
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    # A shell that starts a program in the background, and nohup, have it ignore what it is not to hear.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    if os.name == "posix":
        read, written = os.pipe()
        os.set_blocking(written, False)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        threading.Thread(target=_wait, args=(read, frozenset(heard)), daemon=True, name="signals").start()
    for number in heard:
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    """Once: what cleans up is not to be interrupted. The thread below sees to it that it comes to an end."""
    for name in _NAMES:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)
    raise Ended(number)


def _wait(descriptor: int, heard: frozenset[int]) -> None:
    """Waits for the first of the signals, then for the main thread, then no longer."""
    number = 0
    while number not in heard:
        number = next(iter(os.read(descriptor, 1)), 0)
    time.sleep(_GRACE)
    from bninspect.files import abandon

    # The process ends whatever fails on the way.
    with suppress(Exception):
        abandon()
    with suppress(Exception):
        _kill_children()
    with suppress(Exception):
        if os.isatty(2):
            os.write(2, _CLEAR)
        os.write(2, f"bninspect: {Ended(number).line}\n".encode())
    os._exit(128 + number)


def _kill_children() -> None:
    """Ends the processes that were started to share the work."""
    processes = sys.modules.get("multiprocessing")
    for child in processes.active_children() if processes is not None else ():
        child.kill()
