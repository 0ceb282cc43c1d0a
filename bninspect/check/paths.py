"""MODEL, DIR and GLOB -> the models to check, in a stable order, none twice."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SAVED = ("saved_model.pb", "saved_model.pbtxt")
_ENDINGS = (".pb", ".pbtxt", ".meta")
"""What a folder is searched for; a file that is named outright is told by its content."""


def models(names: Sequence[str]) -> tuple[str, ...]:
    """The paths the names stand for: files as they are, folders searched, globs (`**` too) expanded; sorted
    each.

    Raises SelectionError for a folder without a model and a glob that matches nothing. `-` is standard input.
    """
    found: dict[str, str] = {}
    for name in names:
        for path in _named(name):
            # `m.pb` and `./m.pb` are one model; it is called what it was called first.
            found.setdefault(path if path == "-" else str(Path(path).absolute()), path)
    return tuple(found.values())


def _named(name: str) -> list[str]:
    if name == "-" or Path(name).is_file() or _is_savedmodel(Path(name)):
        return [name]
    if Path(name).is_dir():
        found = sorted(_inside(Path(name)))
        if not found:
            raise SelectionError(f"{name}: no model in this folder (looked for {', '.join(_ENDINGS)})")
        return found
    if has_magic(name):
        # Path.glob takes no absolute pattern.
        found = sorted(path for path in glob(name, recursive=True) if _is_model(Path(path)))  # noqa: PTH207
        if not found:
            raise SelectionError(f"{name}: matches no model")
        return found
    return [name]  # does not exist; reading it says so, and the other models are still checked


def _is_savedmodel(path: Path) -> bool:
    return any((path / name).is_file() for name in _SAVED)


def _is_model(path: Path) -> bool:
    return path.is_file() or _is_savedmodel(path)


def _inside(folder: Path) -> Iterator[str]:
    """Every model below a folder; a SavedModel is one, and is not entered."""
    for entry in folder.iterdir():
        if entry.is_dir():
            if _is_savedmodel(entry):
                yield str(entry)
            elif not entry.is_symlink() and not entry.name.startswith("."):
                yield from _inside(entry)
        elif entry.suffix in _ENDINGS:
            yield str(entry)
