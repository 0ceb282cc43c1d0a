"""What the path of a `--data SPEC` names, without opening it: a function, an address, or files here.

It imports nothing, since the configuration asks it before any command runs.
"""

from __future__ import annotations

import re

_SCRIPT = re.compile(r"(?P<file>.+\.py):(?P<function>[A-Za-z_]\w*)")
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def script(path: str) -> tuple[str, str] | None:
    """(file, function) of `path/script.py:load_data`; None if the path names no function."""
    named = _SCRIPT.fullmatch(path)
    return None if named is None else (named["file"], named["function"])


def is_remote(path: str) -> bool:
    """Whether the path is an address such as `gs://bucket/x.tar`."""
    return _REMOTE.match(path) is not None
