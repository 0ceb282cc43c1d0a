"""Python's cyclic garbage collector, which finds nothing while much is made and nothing is freed.

A graph is made of millions of small objects that all live on; a pass of the collector over them costs as much
as building them did: it is held off. The modules that a command imports are some ten thousands: it comes
rarely.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECTS = 200_000
"""More than a command and all that it imports are made of; some 20 MB where all of it is garbage."""


def collect_rarely() -> None:
    """From here on the collector comes after as many new objects, not after Python's 700."""
    gc.set_threshold(_OBJECTS)


@contextmanager
def collector_held_off() -> Iterator[None]:
    """As it was before, afterwards."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
