"""The walk over the wire format: fields of every type are stepped over, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from bninspect.errors import GraphDefError
from bninspect.graphdef import read, wire
from tests.support.messages import chain, written

FIXED64 = b"\x81\x01" + bytes(8)  # field 16, wire type 1
FIXED32 = b"\x85\x01" + bytes(4)  # field 16, wire type 5


@pytest.mark.parametrize("unknown", [FIXED64, FIXED32])
def test_a_field_of_a_newer_tensorflow_is_stepped_over(unknown: bytes, tmp_path: Path) -> None:
    graph = chain("Relu").SerializeToString()
    graphdef = read(written(tmp_path, unknown + graph + unknown))
    assert [node.op for node in graphdef.nodes] == ["Placeholder", "Relu"]


def test_the_fields_of_each_wire_type() -> None:
    data = b"\x08\x07" + FIXED64 + b"\x12\x02ab" + FIXED32
    found = [(field.number, field.wire, field.end - field.start) for field in wire.fields(data, 0, len(data))]
    assert found == [(1, wire.VARINT, 1), (16, wire.FIXED64, 8), (2, wire.LENGTH, 2), (16, wire.FIXED32, 4)]


@pytest.mark.parametrize("kind", [3, 4, 6, 7])
def test_a_wire_type_that_protobuf_has_not(kind: int) -> None:
    data = bytes([8 | kind])
    with pytest.raises(GraphDefError, match=rf"byte 0 starts no field \(wire type {kind}\)"):
        list(wire.fields(data, 0, len(data)))


NODE = b"\x0a\x02ab"
LONG = b"\x0a\x80\x01" + bytes(128)
WIDE = b"\x0a\x85\x80\x00hello"  # a length of three bytes, which a writer may have left room for


@pytest.mark.parametrize(
    ("data", "places"),
    [
        (NODE + NODE, [2, 4, 6, 8]),
        (NODE + LONG, [2, 4, 7, 135]),
        (NODE + b"\x0a\x81\x01" + bytes(129), [2, 4]),
        (NODE + b"\x12\x02ab" + NODE, [2, 4]),
        (NODE + b"\x08\x02ab", [2, 4]),
        (NODE + b"\x0a\x03ab", [2, 4]),
        (NODE + b"\x0a\x00" + NODE, [2, 4, 6, 6, 8, 10]),
        (NODE + b"\x0a\x00", [2, 4]),
        (NODE + WIDE, [2, 4]),
        (NODE + b"\x0a", [2, 4]),
        (b"", []),
    ],
    ids=[
        "two",
        "long",
        "too-long",
        "another",
        "a-number",
        "cut-short",
        "empty",
        "empty-at-the-end",
        "wide",
        "a-tag",
        "nothing",
    ],
)
def test_fields_that_are_alike_are_found_at_once(data: bytes, places: list[int]) -> None:
    """As far as they are alike; what follows is left to `fields`."""
    assert wire.alike(data, 0, len(data), 1, 128) == places
    assert wire.alike(b"before" + data, 6, 6 + len(data), 1, 128) == [place + 6 for place in places]


def test_no_field_is_found_behind_the_last_byte_that_counts() -> None:
    assert wire.alike(NODE * 3, 0, 8, 1, 128) == [2, 4, 6, 8]
    assert wire.alike(NODE * 3, 0, 11, 1, 128) == [2, 4, 6, 8]
    assert wire.alike(NODE * 3, 0, 100, 1, 128) == [2, 4, 6, 8, 10, 12]
