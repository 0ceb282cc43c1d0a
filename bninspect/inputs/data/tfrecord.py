"""TFRecord files of `tf.train.Example`, read without TensorFlow.

Sources: tensorflow/tsl/lib/io/record_writer.h (length, masked checksum of it, data, masked checksum of that)
and tensorflow/core/example/{example,feature}.proto.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.checksum import masked_crc32c
from bninspect.errors import GraphDefError, InputError
from bninspect.graphdef.wire import FIXED32, LENGTH, VARINT, fields, varint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.inputs.data.opened import Opened
    from bninspect.inputs.data.source import Value

IMAGE = "image/encoded"
"""The feature that holds the image unless another is named."""
HEAD = 12
"""Bytes before the data: its length, 8, and the checksum of the length, 4."""
_TAIL = 4
_BYTES, _FLOATS, _WHOLE = 1, 2, 3
"""Field numbers of a Feature."""


def starts_record(head: bytes) -> bool:
    """Whether bytes begin as a TFRecord file does: with a length that matches its checksum."""
    return len(head) >= HEAD and masked_crc32c(head[:8]) == int.from_bytes(head[8:HEAD], "little")


class TFRecord:
    """The records of one file. `wanted` are the features that make an element."""

    def __init__(self, opened: Opened, wanted: Sequence[str] = (IMAGE,)) -> None:
        self._opened = opened
        self.fields = tuple(wanted)
        self._places = _places(opened)
        self.count = len(self._places)
        if not self.count:
            raise InputError(f"{opened.path} holds no records")

    def name(self, index: int) -> str:
        return f"{self._opened.path}[{index}]"

    def values(self, index: int) -> Mapping[str, Value]:
        start, size = self._places[index]
        data = self._opened.read(start, size + _TAIL)
        if masked_crc32c(data[:size]) != int.from_bytes(data[size:], "little"):
            raise InputError(f"{self.name(index)} is damaged: it does not match its checksum")
        try:
            features = dict(_features(data[:size]))
        except GraphDefError:
            raise InputError(f"{self.name(index)} is no tf.train.Example") from None
        missing = [field for field in self.fields if field not in features]
        if missing:
            there = ", ".join(sorted(features)) or "none"
            raise InputError(
                f"{self.name(index)} has no feature {missing[0]}; it has {there}: name one, such as "
                f"--data '{self._opened.path}#{next(iter(sorted(features)), 'FEATURE')}'"
            )
        try:
            return {field: _value(features[field]) for field in self.fields}
        except (GraphDefError, ValueError, OverflowError):
            raise InputError(f"{self.name(index)} is no tf.train.Example: a feature is damaged") from None

    def release(self) -> None:
        self._opened.close()


def _places(opened: Opened) -> list[tuple[int, int]]:
    """(start, size) of the data of each record. Raises InputError for a file cut short, and for damage."""
    places: list[tuple[int, int]] = []
    start, end = 0, opened.size()
    while start < end:
        head = opened.read(start, HEAD)
        if not starts_record(head):
            raise InputError(f"{opened.path} is damaged: no record begins at byte {start}")
        (size,) = struct.unpack("<Q", head[:8])
        if start + HEAD + size + _TAIL > end:
            raise InputError(f"{opened.path} is cut short: record {len(places)} ends behind its end")
        places.append((start + HEAD, size))
        start += HEAD + size + _TAIL
    return places


def _features(data: bytes) -> list[tuple[str, bytes]]:
    """(name, Feature) of an Example. Raises GraphDefError for what is none."""
    found = []
    for example in fields(data, 0, len(data)):
        if example.number != 1 or example.wire != LENGTH:
            continue
        for entry in fields(data, example.start, example.end):
            parts = {
                part.number: data[part.start : part.end] for part in fields(data, entry.start, entry.end)
            }
            found.append((parts.get(1, b"").decode("utf-8", "replace"), parts.get(2, b"")))
    return found


def _value(feature: bytes) -> Value:
    """The bytes, if there is one text; else the numbers as an array (float32, int64), or the texts."""
    texts: list[bytes] = []
    floats: list[NDArray[Any]] = []
    whole: list[int] = []
    for kind in fields(feature, 0, len(feature)):
        for part in fields(feature, kind.start, kind.end):
            held = feature[part.start : part.end]
            if kind.number == _BYTES:
                texts.append(held)
            elif kind.number == _FLOATS and part.wire in (LENGTH, FIXED32):
                floats.append(np.frombuffer(held, "<f4"))
            elif kind.number == _WHOLE:
                whole += [part.value] if part.wire == VARINT else _packed(held)
    if texts:
        return texts[0] if len(texts) == 1 else np.array(texts, object)
    return np.concatenate(floats) if floats else np.array(whole, np.uint64).astype(np.int64)


def _packed(data: bytes) -> list[int]:
    """Numbers in base 128, one behind the other."""
    numbers, position = [], 0
    while position < len(data):
        number, position = varint(data, position, len(data))
        numbers.append(number)
    return numbers
