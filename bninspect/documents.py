"""JSON and TOML that people and other programs wrote: whatever their bytes, a document or one ValueError.

The readers of the standard library call themselves for every level of nesting, and so does whatever prints a
value; a file of a thousand brackets ends both with RecursionError.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

_DEEPEST = 50


def from_json(text: str | bytes, deepest: int = _DEEPEST) -> Any:
    """The document. Raises ValueError for text that is no JSON, and for more levels than `deepest`."""
    try:
        return _shallow(json.loads(text), deepest)
    except RecursionError:
        raise _deep(deepest) from None


def from_toml(stream: BinaryIO) -> dict[str, Any]:
    """The document. Raises ValueError for bytes that are no TOML, and for one nested too deeply."""
    try:
        found: dict[str, Any] = _shallow(tomllib.load(stream), _DEEPEST)
    except RecursionError:
        raise _deep(_DEEPEST) from None
    return found


def _shallow(document: Any, deepest: int) -> Any:
    """The document, level by level. Raises ValueError where it has too many."""
    level = [document]
    for _ in range(deepest):
        level = [inner for value in level for inner in _parts(value)]
        if not level:
            return document
    raise _deep(deepest)


def _parts(value: Any) -> Iterable[Any]:
    """What a table or a list holds; nothing of any other value."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _deep(deepest: int) -> ValueError:
    return ValueError(f"nested more than {deepest} levels deep")
