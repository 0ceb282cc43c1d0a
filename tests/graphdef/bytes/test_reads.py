"""Which bytes of a file are read, and when: what is known is not read again, nor weights until asked for."""

from __future__ import annotations

import io
import os
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.graphdef import TensorValue, source
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.source import FileBytes
from bninspect.graphdef.wire import Span
from tests.support.messages import written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WINDOW = 1 << 15
CHUNK = 1 << 20
CONTENT = random.Random(1).randbytes(100_000)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(start, size) of each read of a file, from now on."""
    done: list[tuple[int, int]] = []
    given = source._at

    def recorded(descriptor: int, size: int, start: int) -> bytes:
        done.append((start, size))
        return given(descriptor, size, start)

    monkeypatch.setattr(source, "_at", recorded)
    return done


def opened(folder: Path, content: bytes = CONTENT) -> FileBytes:
    return FileBytes(folder.joinpath(written(folder, content)))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([0, 100], [(0, WINDOW)]),
        ([0, WINDOW // 2], [(0, WINDOW)]),
        ([0, WINDOW // 2 + 1], [(0, WINDOW), (WINDOW // 2 + 1, WINDOW)]),
        ([500, 499], [(500, WINDOW), (499, WINDOW)]),
        ([500, 500], [(500, WINDOW)]),
        ([90_000, 99_999], [(90_000, 10_000)]),
        ([90_000, 100_000], [(90_000, 10_000)]),
    ],
    ids=[
        "near",
        "with half of it left",
        "with less left",
        "before it",
        "the same",
        "at the end",
        "behind it",
    ],
)
def test_a_window_serves_while_half_of_it_is_left(
    asked: Sequence[int], expected: list[tuple[int, int]], tmp_path: Path, reads: list[tuple[int, int]]
) -> None:
    held = opened(tmp_path)
    for start in asked:
        base, window = held.window(start)
        assert window == CONTENT[base : base + len(window)]
    assert reads == expected


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (1000, 1000 + WINDOW, []),
        (2000, 2100, []),
        (1000, 1001 + WINDOW, [(1000, WINDOW + 1)]),
        (999, 1010, [(999, 11)]),
        (50_000, 50_010, [(50_000, 10)]),
        (10, 5, [(10, 0)]),
    ],
    ids=["all of the window", "inside it", "beyond it", "before it", "elsewhere", "nothing"],
)
def test_a_slice_of_the_window_is_not_read_again(
    start: int, stop: int, expected: list[Any], tmp_path: Path, reads: list[tuple[int, int]]
) -> None:
    held = opened(tmp_path)
    held.window(1000)
    reads.clear()
    assert held[start:stop] == CONTENT[start:stop]
    assert reads == expected


def test_a_range_comes_in_pieces_of_a_megabyte(tmp_path: Path) -> None:
    content = bytes(2 * CHUNK + 10)
    pieces = [len(piece) for piece in opened(tmp_path, content).chunks(3, len(content) - 2)]
    assert pieces == [CHUNK, CHUNK, 5]


def _seldom_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read gives 7,000 bytes at most."""
    at, preadv = source._at, os.preadv
    monkeypatch.setattr(source, "_at", lambda file, size, start: at(file, min(size, 7000), start))
    monkeypatch.setattr(os, "preadv", lambda file, into, start: preadv(file, [into[0][:7000]], start))


def _without_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where a read has no place of its own."""
    monkeypatch.delattr(os, "pread")
    monkeypatch.delattr(os, "preadv")


@pytest.mark.parametrize("system", [_seldom_whole, _without_places], ids=["in parts", "without pread"])
@pytest.mark.parametrize("size", [10, 7000, 7001, WINDOW // 2, WINDOW // 2 + 1, 50_000])
def test_any_system_gives_the_same_bytes(
    system: Callable[[pytest.MonkeyPatch], None], size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = opened(tmp_path)
    system(monkeypatch)
    for start in (5, 20_000):
        stream = io.BytesIO()
        held.copy(start, start + size, stream)
        assert held[start : start + size] == stream.getvalue() == CONTENT[start : start + size]
    assert bytes(held) == CONTENT


def test_a_long_range_goes_through_one_buffer(tmp_path: Path, reads: list[tuple[int, int]]) -> None:
    """From half a window on."""
    held = opened(tmp_path)
    held.copy(3, 3 + WINDOW // 2, io.BytesIO())
    held.copy(3, 4 + WINDOW // 2, io.BytesIO())
    assert reads == [(3, WINDOW // 2)]


def test_a_tensor_is_read_when_its_values_are_asked_for(tmp_path: Path, reads: list[tuple[int, int]]) -> None:
    values = np.arange(50_000, dtype=np.float32)
    message = message_class("TensorProto")(dtype=1, tensor_content=values.tobytes())
    message.tensor_shape.dim.add(size=50_000)
    data = message.SerializeToString()
    held = opened(tmp_path, data)
    found = TensorValue.at(Span(held, 0, len(held)))
    assert sum(size for _, size in reads) < 2 * WINDOW
    assert (found.shape, found.dtype, found.size) == ((50_000,), "float", 50_000)
    before = len(reads)
    assert np.array_equal(found.array(), values)
    assert reads[before:] == [(data.index(values.tobytes()), 200_000)]
    assert found.message() == message
