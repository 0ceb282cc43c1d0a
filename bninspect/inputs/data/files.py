"""Files on this machine: what a path, a folder or a glob stands for, and image files as a source."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.errors import InputError
from bninspect.inputs.data import images
from bninspect.inputs.data.source import ALONE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bninspect.inputs.data.source import Value


def matching(option: str, pattern: str, suffixes: Collection[str]) -> list[Path]:
    """The files that a path, a folder or a glob stands for, sorted; of a folder, those with such an ending.

    Empty for a folder without any. Raises InputError for anything else that stands for no file; `option` is
    that which names it.
    """
    path = Path(pattern)
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes and file.is_file())
    if path.is_file():
        return [path]
    if path.exists() or not glob.has_magic(pattern):
        wrong = f"{option.lstrip('-')} {pattern} {'is no file' if path.exists() else 'does not exist'}"
        raise InputError(f"{wrong}: name a file, a folder or a glob with {option}")
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    files = sorted(file for file in map(Path, names) if file.is_file())
    if not files:
        raise InputError(f"{option} {pattern} matches no file")
    return files


def image_files(pattern: str) -> list[Path]:
    """The image files that a path, a folder or a glob stands for; empty if it stands for none."""
    try:
        return matching("--image", pattern, images.SUFFIXES)
    except InputError:
        return []


def find_images(patterns: Sequence[str]) -> tuple[Path, ...]:
    """The image files that the paths, folders and globs stand for: sorted within each, each file once.

    Raises InputError for one that stands for nothing.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        files = matching("--image", pattern, images.SUFFIXES)
        if not files:
            raise InputError(f"folder {pattern} holds no {images.KINDS} file: name another, or a glob")
        found.update(dict.fromkeys(files))
    return tuple(found)


class ImageFiles:
    """These files in this order: each is one element, as it is in the file."""

    fields: tuple[str, ...] = (ALONE,)

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._files = files
        self.count = len(files)

    def name(self, index: int) -> str:
        return str(self._files[index])

    def values(self, index: int) -> Mapping[str, Value]:
        return {ALONE: images.read(self._files[index])}

    def release(self) -> None:
        """Nothing is held."""
