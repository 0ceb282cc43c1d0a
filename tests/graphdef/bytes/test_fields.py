"""Bytes <-> numbers and fields: where each begins and ends, and the words for what runs over the end."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from bninspect.errors import GraphDefError
from bninspect.graphdef import wire
from bninspect.graphdef.source import FileBytes
from tests.support.messages import written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Held = Callable[[bytes], wire.Buffer]

NUMBERS = {
    0: b"\x00",
    1: b"\x01",
    127: b"\x7f",
    128: b"\x80\x01",
    300: b"\xac\x02",
    16_383: b"\xff\x7f",
    16_384: b"\x80\x80\x01",
    (1 << 64) - 1: b"\xff" * 9 + b"\x01",
}
PADDING = b"\xff\xff"


@pytest.fixture(params=["bytes", "file"])
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Held:
    """What makes a buffer of some content: the bytes themselves, or a file with them."""
    if request.param == "bytes":
        return lambda content: content
    return lambda content: FileBytes(tmp_path.joinpath(written(tmp_path, content)))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_in_base_128(number: int, held: Held) -> None:
    data = NUMBERS[number]
    assert wire.to_varint(number) == data
    buffer = held(PADDING + data + PADDING)
    assert wire.varint(buffer, 2, 2 + len(data)) == (number, 2 + len(data))
    assert wire.varint(buffer, 2, len(data) + 4) == (number, 2 + len(data))


@pytest.mark.parametrize(
    ("content", "end", "last"),
    [(b"", 0, 0), (b"\x80", 1, 1), (b"\xff" * 9 + b"\x01", 9, 9), (b"\xff" * 10 + b"\x01", 11, 10)],
    ids=["of no byte", "cut after one", "cut after nine", "of eleven"],
)
def test_a_number_that_does_not_end(content: bytes, end: int, last: int, held: Held) -> None:
    with pytest.raises(GraphDefError, match=f"^damaged: a number at byte {last} does not end$"):
        wire.varint(held(content), 0, end)


LONG = bytes(128)
MESSAGE = (
    b"\x08\xac\x02"  # 1: 300
    + b"\x0a\x03abc"  # 1: a text
    + b"\x12\x80\x01"  # 2: a length of two bytes
    + LONG
    + b"\x1d\x01\x02\x03\x04"  # 3: 32 bits
    + b"\x21\x01\x02\x03\x04\x05\x06\x07\x08"  # 4: 64 bits
    + b"\xa2\x06\x00"  # 100: an empty text
    + b"\x80\x01\x05"  # 16, the first whose tag has two bytes: 5
)
FIELDS = [
    (1, wire.VARINT, 0, 1, 3, 300),
    (1, wire.LENGTH, 3, 5, 8, 0),
    (2, wire.LENGTH, 8, 11, 139, 0),
    (3, wire.FIXED32, 139, 140, 144, 0),
    (4, wire.FIXED64, 144, 145, 153, 0),
    (100, wire.LENGTH, 153, 156, 156, 0),
    (16, wire.VARINT, 156, 158, 159, 5),
]


def test_each_field_has_its_place(held: Held) -> None:
    """Wherever the message stands, and whatever is behind it."""
    assert list(wire.fields(held(MESSAGE), 0, len(MESSAGE))) == FIELDS
    buffer = held(PADDING + MESSAGE + PADDING)
    moved = [(number, kind, b + 2, s + 2, e + 2, value) for number, kind, b, s, e, value in FIELDS]
    found = list(wire.fields(buffer, 2, 2 + len(MESSAGE)))
    assert found == moved
    assert all(isinstance(one, wire.Field) for one in found)
    assert list(wire.fields(buffer, 2, 2)) == []


@pytest.mark.parametrize("end", [3, 8, 139, 144, 153, 156])
def test_a_message_may_end_behind_any_field(end: int, held: Held) -> None:
    expected = [field for field in FIELDS if field[4] <= end]
    assert list(wire.fields(held(MESSAGE), 0, end)) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x0a", "damaged: a number at byte 1 does not end"),
        (b"\x0a\x80", "damaged: a number at byte 2 does not end"),
        (b"\x80", "damaged: a number at byte 1 does not end"),
        (b"\x08\x01\x08", "damaged: a number at byte 3 does not end"),
        (b"\x0a\x02a", "cut short: the field at byte 0 runs to byte 4 of 3"),
        (b"\x08\x01\x0a\x81\x01a", "cut short: the field at byte 2 runs to byte 134 of 6"),
        (b"\x0d\x01\x02\x03", "cut short: the field at byte 0 runs to byte 5 of 4"),
        (b"\x09\x01\x02\x03\x04\x05\x06\x07", "cut short: the field at byte 0 runs to byte 9 of 8"),
        (b"\x02\x01a", "damaged: the field at byte 0 runs to byte 3 of 3"),
        (b"\x00\x01", "damaged: the field at byte 0 runs to byte 2 of 2"),
        (b"\x08\x01\x0b", r"damaged: byte 2 starts no field \(wire type 3\)"),
    ],
)  # fmt: skip
def test_what_is_no_field_is_named_with_its_place(content: bytes, words: str, held: Held) -> None:
    with pytest.raises(GraphDefError, match=f"^{words}$"):
        list(wire.fields(held(content), 0, len(content)))


def test_a_range_is_copied_whole_in_pieces_or_to_a_stream(held: Held) -> None:
    span = wire.Span(held(b"abcdefgh"), 2, 6)
    stream = io.BytesIO()
    assert span.bytes() == b"".join(map(bytes, span.chunks())) == b"cdef"
    assert (span.write(stream), stream.getvalue()) == (4, b"cdef")
