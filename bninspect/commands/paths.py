"""MODEL, DIR and GLOB -> the models they stand for, in a stable order, none twice."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.errors import SelectionError
from bninspect.models.checkpoint.locate import PARTS, SAVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENDINGS = (".pb", ".pbtxt", ".meta", ".keras", ".h5", ".hdf5")
"""What a folder is searched for; a file that is named outright is known by its content."""


def models(names: Sequence[str]) -> tuple[str, ...]:
    """The paths the names stand for: files as they are, folders searched, globs (`**` too) expanded; sorted
    each. A SavedModel is one model, whichever of its parts are named.

    Raises SelectionError for a folder without a model and a glob that matches nothing. `-` is standard input.
    """
    found: dict[str, str] = {}
    for name in names:
        for path in _named(name):
            # `m.pb` and `./m.pb` are one model; it is called what it was called first.
            found.setdefault(path if path == "-" else str(identity(path)), path)
    return tuple(found.values())


def identity(path: str | Path) -> Path:
    """What distinguishes a model from others: its absolute path; of `saved_model.pb` that of its folder."""
    absolute = Path(path).absolute()
    return absolute.parent if absolute.name in SAVED else absolute


def called(path: str | Path) -> tuple[Path, ...]:
    """The absolute paths that a model goes by: a SavedModel by its folder and by the file in it."""
    model = identity(path)
    return model, *(model / name for name in SAVED if (model / name).is_file())


def matches(pattern: str) -> frozenset[Path]:
    """The models that a glob matches, relative if it is; of a SavedModel its folder. A folder is no model."""
    start = Path(Path(pattern).anchor)
    parts = Path(pattern).parts[1:] if start.anchor else Path(pattern).parts
    return frozenset(model for path in _expanded(start, parts) if (model := _model(path)) is not None)


def _expanded(folder: Path, pattern: tuple[str, ...]) -> Iterator[Path]:
    """What the parts of a glob stand for below a folder. That of the library follows links round in circles:
    with two of them, for ever.
    """
    if not pattern:
        yield folder
        return
    part, rest = pattern[0], pattern[1:]
    if part != "**" and not has_magic(part):
        if os.path.lexists(folder / part):
            yield from _expanded(folder / part, rest)
        return
    if part == "**":
        rest = rest or ("*",)
        yield from _expanded(folder, rest)
    for entry in sorted(folder.iterdir()) if folder.is_dir() and not _circular(folder) else ():
        if entry.name.startswith(".") and not part.startswith("."):
            continue
        if part == "**":
            yield from _expanded(entry, pattern)
        elif fnmatchcase(entry.name, part):
            yield from _expanded(entry, rest)


def _named(name: str) -> list[str]:
    path = Path(name)
    if name in ("-", ""):
        return [name]  # an empty name is no folder: reading it says so
    if path.is_file():
        whole = _model(path)
        return [name if whole in (None, path) or path.name in SAVED else str(whole)]
    if path.is_dir():
        found = sorted(_inside(path))
        if not found:
            raise SelectionError(f"{name}: no model in this folder (looked for {', '.join(_ENDINGS)})")
        return found
    if has_magic(name):
        found = sorted(map(str, matches(name)))
        if not found:
            raise SelectionError(f"{name}: matches no model")
        return found
    return [name]  # does not exist; reading it says so, and the other models are still checked


def _model(path: Path) -> Path | None:
    """The model that a path is, or is a part of; None for a folder and a pipe."""
    below = path.name
    for folder in path.parents:
        if below in PARTS and _is_savedmodel(folder):
            return folder
        below = folder.name
    return path if _is_model(path) else None


def _is_savedmodel(path: Path) -> bool:
    return any((path / name).is_file() for name in SAVED)


def _is_model(path: Path) -> bool:
    """A link that leads nowhere is one, too: reading it says so."""
    return path.is_file() or _is_savedmodel(path) or not path.exists()


def _inside(folder: Path) -> Iterator[str]:
    """Every model in a folder and below; where it is itself a SavedModel, that, and not its parts."""
    parts: frozenset[str] = frozenset()
    if _is_savedmodel(folder):
        parts = PARTS
        yield str(folder)
    for entry in folder.iterdir():
        if entry.name in parts:
            continue
        if entry.is_dir():
            if not entry.name.startswith(".") and not _circular(entry):
                yield from _inside(entry)
        elif entry.name.endswith(_ENDINGS) and _is_model(entry):
            yield str(entry)


def _circular(path: Path) -> bool:
    """Whether the path goes through a link to a folder that it has come through already."""
    absolute = path.absolute()
    return any(
        step.is_symlink() and step.resolve() in {before.resolve() for before in step.parents}
        for step in (absolute, *absolute.parents)
    )
