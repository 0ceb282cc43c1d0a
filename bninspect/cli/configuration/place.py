"""Where a configuration may stand: looked for by every command, so that this file imports next to nothing.

What is found is read by `config.py`, which costs 6 ms with the reader of TOML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TABLES = {"bninspect.toml": (), "pyproject.toml": ("tool", "bninspect")}
"""Name of a file -> the table in it that is the configuration."""


def places(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The files in this folder, then in those above it, that may hold a configuration, each with its table.

    A pyproject.toml in which our name does not stand has no table of ours. Raises OSError for one that cannot
    be read.
    """
    for parent in (folder, *folder.parents):
        for name, table in _TABLES.items():
            path = parent / name
            if path.is_file() and (not table or b"bninspect" in path.read_bytes()):
                yield path, table
