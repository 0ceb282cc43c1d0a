"""Python's cyclic garbage collector, which finds nothing while much is made and nothing is freed.

A graph is made of millions of small objects that all live on; a pass of the collector over them costs as much
as building them did: it is held off. The modules that a command imports are some ten thousands: it comes
rarely. And where the process ends next, nobody has to take a graph apart.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = TypeVar("Value")

_MOST_TIMES = 250
"""Without a full pass: each may leave a graph in memory, and a file open."""
_times = count(1)
_OBJECTS = 200_000
"""More than a command and all that it imports are made of; some 20 MB where all of it is garbage."""


def collect_rarely() -> None:
    """From here on the collector comes after as many new objects, not after Python's 700."""
    gc.set_threshold(_OBJECTS)


@contextmanager
def collector_held_off() -> Iterator[None]:
    """As it was before, afterwards. What was made meanwhile lives on and counts as old: the collector does
    not begin with a pass over all of it. Nor does it find what of it is freed later in rings (a graph with a
    loop, and its file); so a full pass comes after some hundred times.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # what others froze stays frozen
                gc.freeze()
                gc.unfreeze()
                if not next(_times) % _MOST_TIMES:
                    gc.collect()
            gc.enable()


def left_alone_from_now() -> None:
    """What the process has by now lives on: no pass of the collector looks at it again, not even one that
    others ask for.
    """
    if not gc.get_freeze_count():
        gc.freeze()


def left_to_collector(value: Value) -> Value:
    """The value, as part of a ring, which only the collector frees. For the last thing that a process makes:
    the collector does not come any more, and nobody takes a million objects apart one by one.
    """
    ring: list[object] = [value]
    ring.append(ring)
    return value
