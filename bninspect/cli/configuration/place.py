"""Where a configuration may stand: looked for by every command, so that this file imports next to nothing.

What is found is read by `config.py`, which costs 6 ms with the reader of TOML.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLES = {"bninspect.toml": (), "pyproject.toml": ("tool", "bninspect")}
"""Name of a file -> the table in it that is the configuration."""


def places(folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The files in this absolute folder, then in those above it, that may hold a configuration, each with its
    table.

    A pyproject.toml in which our name does not stand has no table of ours. Raises OSError for one that cannot
    be read.
    """
    below = None
    while folder != below:
        for name, table in _TABLES.items():
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (not table or b"bninspect" in _content(path)):
                yield path, table
        folder, below = os.path.dirname(folder), folder


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()
