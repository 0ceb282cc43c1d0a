"""A file read in windows: the same bytes, and one error where it is cut short while it is read."""

from __future__ import annotations

import io
import os
import random
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import GraphDefError
from bninspect.graph import flatten
from bninspect.graphdef import wire
from bninspect.graphdef.reader import read
from bninspect.graphdef.source import FileBytes
from tests.support.messages import models, written
from tests.support.places import FIXTURES
from tests.support.text import graphdef

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (0, 1, 19, 20, 1 << 14, (1 << 15) - 1, 1 << 15, (1 << 15) + 1, 100_000)


@pytest.mark.parametrize("size", SIZES)
def test_every_slice_is_that_of_the_file(tmp_path: Path, size: int) -> None:
    generator = random.Random(size)
    content = generator.randbytes(size)
    held = FileBytes(tmp_path.joinpath(written(tmp_path, content)))
    assert (len(held), bytes(held)) == (size, content)
    for _ in range(300):
        start = generator.randint(0, size)
        stop = start + generator.choice((0, 1, 5, 300, 40_000))
        assert held[start:stop] == content[start:stop]
        base, window = held.window(start)
        assert base <= start
        assert window == content[base : base + len(window)]
        assert base + len(window) >= min(size, start + 20)
    assert b"".join(held.chunks(0, size)) == content


@pytest.mark.parametrize("path", models(), ids=lambda path: path.name)
def test_fields_are_those_of_the_bytes(path: Path) -> None:
    content = path.read_bytes()

    def walked(buffer: wire.Buffer) -> list[wire.Field] | str:
        try:
            return list(wire.fields(buffer, 0, len(buffer)))
        except GraphDefError as error:
            return str(error)

    assert walked(FileBytes(path)) == walked(content)


def test_long_numbers_across_windows_are_read_whole(tmp_path: Path) -> None:
    content = b"".join(b"\xf8\xff\x01" + b"\xff" * 8 + b"\x01" for _ in range(10_000))
    path = tmp_path.joinpath(written(tmp_path, content))
    assert list(wire.fields(FileBytes(path), 0, len(content))) == list(wire.fields(content, 0, len(content)))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_cut_short_while_it_is_read_is_one_error(tmp_path: Path, share: float) -> None:
    content = (FIXTURES / "slim_resnet.pb").read_bytes()
    path = tmp_path.joinpath(written(tmp_path, content * 3))
    held = FileBytes(path)
    with path.open("r+b") as stream:
        stream.truncate(int(len(content) * 3 * share))
    with pytest.raises(GraphDefError, match="cut short while it was read: it had "):
        bytes(held)
    with pytest.raises(GraphDefError, match="cut short while it was read: it had "):
        held[len(held) - 10 :]


def test_values_that_are_gone_when_they_are_asked_for_are_one_error(tmp_path: Path) -> None:
    message = graphdef(
        "x = Placeholder(dtype=float)\nbn = FusedBatchNormV3(x, p, p, p, p, is_training=false)"
    )
    parameter = message.node.add(name="p", op="Const").attr["value"].tensor
    parameter.dtype = 1
    parameter.tensor_shape.dim.add(size=50_000)
    parameter.tensor_content = bytes(200_000)
    path = tmp_path.joinpath(written(tmp_path, message))
    found = flatten(read(str(path)))
    with path.open("r+b") as stream:
        stream.truncate(100)
    with pytest.raises(GraphDefError, match="cut short while it was read"):
        inspect(found)


@pytest.mark.parametrize("size", [10, 1 << 16, 5_000_000])
def test_a_range_is_copied_to_any_stream(tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    held = FileBytes(tmp_path.joinpath(written(tmp_path, content)))
    into = io.BytesIO()
    with (tmp_path / "copy").open("wb") as stream:
        for target in (stream, into):
            target.write(b"before")
            held.copy(3, size - 2, target)
            target.write(b"behind")
    assert into.getvalue() == (tmp_path / "copy").read_bytes() == b"before" + content[3:-2] + b"behind"


def test_a_file_cut_short_while_it_is_copied_is_one_error(tmp_path: Path) -> None:
    path = tmp_path.joinpath(written(tmp_path, bytes(1 << 20)))
    held = FileBytes(path)
    with path.open("r+b") as stream:
        stream.truncate(1 << 18)
    with (tmp_path / "copy").open("wb") as target, pytest.raises(GraphDefError, match="cut short while"):
        held.copy(0, 1 << 20, target)


def test_a_file_is_closed_with_its_bytes(tmp_path: Path) -> None:
    """A run over many models would be out of descriptors."""
    held = FileBytes(tmp_path.joinpath(written(tmp_path, b"bytes")))
    number = held._descriptor
    assert os.fstat(number).st_size == 5
    del held
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(number)
