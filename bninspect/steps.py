"""The step that a command is at, for whoever listens: a terminal in front of which somebody waits.

Steps begin deep inside: TensorFlow is loaded by the first function that needs it, on whatever thread. No
caller should have to hand a listener down to there. Without a listener nothing happens, and no result depends
on one.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Listener = Callable[[str, int, int], None]

_listeners: list[Listener] = []


def step(what: str, done: int = 0, total: int = 0) -> None:
    """Says what begins now, such as `loading TensorFlow`; of a step in parts, how many are done."""
    for listener in tuple(_listeners):
        listener(what, done, total)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within it the listener hears every step: what begins, how many of its parts are done, and of how many
    (0: it has none).
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
