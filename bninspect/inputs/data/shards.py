"""Tar shards in the layout of WebDataset: members with one name but for the ending are one element.

Source: the WebDataset format; the name of an element is what stands before the first dot of the last part of
the path, and the field is what stands behind it (`dir/0001.jpg`, `dir/0001.cls`).
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import numpy as np

from bninspect.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bninspect.inputs.data.opened import Opened
    from bninspect.inputs.data.source import Value

_IMAGES = ("jpg", "jpeg", "png", "webp", "bmp", "gif")
_CHUNK = 1 << 20
_NUMBERS = ("cls", "cls2", "index", "inx", "id")
"""Endings of members that hold one whole number, written out."""


class TarShard:
    """The elements of one tar file. `wanted` are endings; none: the image."""

    def __init__(self, opened: Opened, wanted: Sequence[str] = ()) -> None:
        self._opened = opened
        members = _members(opened)
        self.fields = tuple(wanted) or _image_field(opened.path, members)
        self._names: list[str] = []
        self._places: list[dict[str, tuple[int, int]]] = []
        for name, parts in members.items():
            missing = [field for field in self.fields if field not in parts]
            if missing:
                raise InputError(f"{opened.path}: {name} has no .{missing[0]}; it has {', '.join(parts)}")
            self._names.append(name)
            self._places.append({field: parts[field] for field in self.fields})
        self.count = len(self._names)

    def name(self, index: int) -> str:
        return f"{self._opened.path}/{self._names[index]}"

    def values(self, index: int) -> Mapping[str, Value]:
        return {
            field: self._value(index, field, self._opened.read(*place))
            for field, place in self._places[index].items()
        }

    def release(self) -> None:
        self._opened.close()

    def _value(self, index: int, field: str, data: bytes) -> Value:
        ending = field.rpartition(".")[2]
        try:
            if ending in _NUMBERS:
                return np.array(int(data), np.int64)
            if ending == "npy":
                return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
        except (ValueError, EOFError, OSError):
            raise InputError(f"{self.name(index)}.{field} does not hold what its ending says") from None
        return data


def _members(opened: Opened) -> dict[str, dict[str, tuple[int, int]]]:
    """Name of each element -> ending -> (start, size), in the order of the file."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    places: dict[str, tuple[int, int]] = {}
    end = opened.size()
    opened.stream.seek(0)
    try:
        with tarfile.open(fileobj=opened.stream, mode="r:") as archive:
            for member in archive:
                folder, slash, last = member.name.rpartition("/")
                stem, dot, ending = last.partition(".")
                if member.isdir() or not dot or not stem:
                    continue
                places[member.name] = place = _place(opened.path, member, places, end)
                parts = found.setdefault(f"{folder}{slash}{stem}", {})
                if ending.lower() in parts:
                    raise InputError(
                        f"{opened.path} holds {member.name} twice: give every element its own name"
                    )
                parts[ending.lower()] = place
            _refuse_rest(opened, archive.offset)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise InputError(f"{opened.path} is no tar file, or is damaged: {error}") from None
    if not found:
        raise InputError(f"{opened.path} holds no files with an ending")
    return found


def _place(
    path: str, member: tarfile.TarInfo, places: Mapping[str, tuple[int, int]], end: int
) -> tuple[int, int]:
    """(start, size) of what a member holds; of a hard link that of what it leads to. Raises InputError."""
    if member.islnk() and member.linkname in places:
        return places[member.linkname]
    if not member.isreg() or member.issparse():
        raise InputError(
            f"{path}: {member.name} is a link, or no plain file: pack with tar --dereference "
            "--hard-dereference"
        )
    if member.size < 0 or member.offset_data + member.size > end:
        raise InputError(f"{path} is cut short: {member.name} ends behind its end")
    return member.offset_data, member.size


def _refuse_rest(opened: Opened, position: int) -> None:
    """Raises InputError unless the members end with a block of zeros, as they must, and nothing follows.

    tarfile takes a damaged header for the end: what stands behind it would be lost without a word.
    """
    block = opened.head(tarfile.BLOCKSIZE, position)
    if len(block) < tarfile.BLOCKSIZE:
        raise InputError(
            f"{opened.path} is cut short: it ends at byte {position} without the mark of its end"
        )
    if any(block):
        raise InputError(f"{opened.path} is damaged: no member begins at byte {position}")
    while block := opened.head(_CHUNK, position):
        if any(block):
            raise InputError(
                f"{opened.path} goes on behind its end, at byte {position}: if it is several tar files in "
                "one, name each by itself"
            )
        position += len(block)


def _image_field(path: str, members: Mapping[str, Mapping[str, tuple[int, int]]]) -> tuple[str, ...]:
    """The ending of the images. Raises InputError if the first element has none."""
    first = next(iter(members.values()))
    found = [ending for ending in first if ending.rpartition(".")[2] in _IMAGES]
    if not found:
        there = ", ".join(first)
        raise InputError(
            f"{path}: no image among .{there}: name a field, such as --data '{path}#{next(iter(first))}'"
        )
    return (found[0],)
