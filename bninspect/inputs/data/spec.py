"""`--data SPEC`: what it names, by its content, and which value of an element goes to which input.

    SPEC = PATH[#FIELD[=INPUT][,FIELD[=INPUT]...]]  or  FILE.py:FUNCTION

PATH is a file, a folder, a glob or an address. FIELD is a feature of a TFRecord, an ending in a tar shard, a
column of a parquet file or a key of an npz.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bninspect.errors import InputError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.inputs.data import images
from bninspect.inputs.data.address import is_remote, script
from bninspect.inputs.data.arrays import MAGIC as NPY, Npy, Npz
from bninspect.inputs.data.files import ImageFiles, find_images, image_files
from bninspect.inputs.data.opened import Opened, find
from bninspect.inputs.data.parquet import MAGIC as PARQUET, Parquet
from bninspect.inputs.data.script import Script
from bninspect.inputs.data.shards import TarShard
from bninspect.inputs.data.source import ALONE, Joined, is_image
from bninspect.inputs.data.tfrecord import IMAGE, TFRecord, starts_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bninspect.inputs.data.source import Source

_KINDS = ".npy, .npz, TFRecord, tar, parquet, or FILE.py:FUNCTION"
_HEAD = 512
"""Bytes that tell one kind from another: a tar file says what it is in its first block."""
_TAR, _TAR_AT = b"ustar", 257
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstandard"}


@frozen_dataclass
class Data:
    """What all `--data` of a command name together."""

    source: Source
    inputs: Mapping[str, str | None]
    """Field -> the input that it is fed for; None: the input that takes the images."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Field names, for a message."""
        return tuple(field for field in self.inputs if field != ALONE)

    @property
    def holds_images(self) -> bool:
        """Whether the value that is for no input by name is an image, as the first element has it."""
        alone = next((field for field, name in self.inputs.items() if name is None), None)
        return alone is not None and is_image(self.source.values(0)[alone])


class _Spec(NamedTuple):
    """One SPEC, taken apart."""

    path: str
    fields: Mapping[str, str | None]
    """Field -> input, as written; empty: as the data has it."""


def open_data(texts: Sequence[str]) -> Data:
    """The data that these SPECs name, one behind the other. Raises InputError, in one line each time."""
    sources: list[Source] = []
    inputs: dict[str, str | None] = {}
    for text in texts:
        spec = _parsed(text)
        for source in _sources(spec):
            sources.append(source)
            inputs |= _inputs(source, spec)
    return Data(source=sources[0] if len(sources) == 1 else Joined(sources), inputs=inputs)


def local_files(texts: Sequence[str]) -> tuple[str, ...]:
    """The files on this machine that the SPECs name: no command writes over them."""
    named: list[str] = []
    for text in texts:
        spec = _parsed(text)
        function = script(spec.path)
        if function is not None:
            named.append(function[0])
        elif not is_remote(spec.path):
            named += map(str, image_files(spec.path))
            try:
                named += find(spec.path)
            except InputError:  # said when it is opened
                continue
    return tuple(named)


def _parsed(text: str) -> _Spec:
    path, _, listed = text.partition("#")
    fields: dict[str, str | None] = {}
    for part in listed.split(",") if listed else ():
        field, equals, name = part.partition("=")
        if not field or (equals and not name):
            raise InputError(f"--data {text}: write PATH#FIELD or PATH#FIELD=INPUT")
        fields[field] = name or None
    if not path:
        raise InputError(f"--data {text}: name a file, a folder, a glob or an address ({_KINDS})")
    return _Spec(path, fields)


def _inputs(source: Source, spec: _Spec) -> dict[str, str | None]:
    """Field -> the input it is fed for: as the SPEC says, else as the keys of arrays say. Raises InputError
    for two fields that name none.
    """
    keyed = isinstance(source, Npz | Script)
    found = {
        field: spec.fields.get(field) or (field if keyed and field != ALONE else None)
        for field in source.fields
    }
    unnamed = [field for field, name in found.items() if name is None]
    if len(unnamed) > 1:
        raise InputError(
            f"--data {spec.path}: only one field can be the image; say which input takes {unnamed[1]}: "
            f"{unnamed[1]}=INPUT"
        )
    return found


def _sources(spec: _Spec) -> list[Source]:
    """One source for each file, in order."""
    function = script(spec.path)
    if function is not None:
        if spec.fields:
            raise InputError(f"--data {spec.path}: a function names its inputs itself; leave out #FIELD")
        return [Script(*function)]
    files = find(spec.path)
    if not files:  # a folder without data
        return [ImageFiles(find_images((spec.path,)))]
    return [_source(file, tuple(spec.fields)) for file in files]


def _source(path: str, wanted: tuple[str, ...]) -> Source:
    """The file as its first bytes say. Raises InputError for one of no kind that is read."""
    opened = Opened(path)
    head = opened.head(_HEAD)
    try:
        if head.startswith(b"PK"):
            return Npz(opened, wanted)
        if head.startswith(PARQUET):
            return Parquet(opened, wanted)
        if head[_TAR_AT:].startswith(_TAR):
            return TarShard(opened, wanted)
        if starts_record(head):
            return TFRecord(opened, wanted or (IMAGE,))
        if wanted:
            raise InputError(f"--data {path}: it has no fields, so leave out #{','.join(wanted)}")
        if head.startswith(NPY):
            return Npy(opened)
    finally:
        opened.close()
    if images.kind(head) is not None and not is_remote(path):
        return ImageFiles((Path(path),))
    raise InputError(f"--data {path} {_foreign(head)}")


def _foreign(head: bytes) -> str:
    """Why the file is none of those that are read."""
    if not head:
        return "is empty"
    packed = next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)
    if packed is not None:
        return f"is packed with {packed}: unpack it"
    return f"is none of {_KINDS}"
