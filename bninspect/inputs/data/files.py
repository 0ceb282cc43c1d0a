"""Image files as a source: each is one element, as it is in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.inputs.data import images
from bninspect.inputs.data.source import ALONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bninspect.inputs.data.source import Value


class ImageFiles:
    """The files in this order."""

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
