"""Python's cyclic garbage collector, held off while a graph is built or searched.

A graph is made of millions of small objects that all live on; a pass of the collector over them finds nothing
and costs as much as building them did. So are the modules that a command imports: hold it off before.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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
