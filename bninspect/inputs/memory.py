"""How much memory values made up for a model may take: a share of what this machine has.

The shape of a placeholder is a claim of the file. What it asks for is known before anything is allocated.
"""

from __future__ import annotations

import os
from math import prod
from pathlib import Path

from bninspect.errors import InputError

SHARE = 8
"""One part in so many of the memory is the most that the values of one input may take."""
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container tells how much of it may be used."""
_DRAWN = 8
"""Bytes of a number as it is drawn, whatever type it has in the end."""


class TooLargeError(InputError):
    """Values for an input would take more memory than they may."""


def refuse_large(name: str, shape: tuple[int, ...]) -> None:
    """Raises TooLargeError if values of this shape would take more than the share of the memory."""
    wanted, all_there_is = prod(shape) * _DRAWN, memory()
    if all_there_is is not None and wanted > all_there_is // SHARE:
        raise TooLargeError(
            f"{name} of shape {list(shape)} takes {wanted / 2**30:,.1f} GiB, more than 1/{SHARE} of this "
            f"machine's memory ({all_there_is / 2**30:,.1f} GiB): make it smaller (--size, --batch-size), "
            "or feed values of your own (--feed NAME=@values.npy); strip --no-verify runs nothing"
        )


def memory() -> int | None:
    """Bytes of memory that this process may use at most; None if the system does not tell."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    for path in _LIMITS:
        try:
            found = min(found, int(path.read_text()))
        except (OSError, ValueError):  # "max": no limit
            continue
    return found
