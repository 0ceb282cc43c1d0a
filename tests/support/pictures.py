"""Small image files and graphs, made by hand so that every byte of them is known."""

from __future__ import annotations

import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.run import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PIXELS = np.random.default_rng(7).integers(0, 256, (5, 4, 3)).astype(np.uint8)
"""A small picture whose height, width and colours cannot be mistaken for one another."""

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def png(pixels: NDArray[Any], palette: NDArray[Any] | None = None, exif: bytes = b"") -> bytes:
    """A PNG of (height, width, channels) in uint8 or uint16; of palette indices where there is a palette."""
    height, width, channels = pixels.shape
    depth = 8 * pixels.dtype.itemsize
    kind = 3 if palette is not None else _COLOUR_TYPES[channels]
    rows = pixels.astype(f">u{pixels.dtype.itemsize}")
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))]
    if palette is not None:
        chunks.append((b"PLTE", palette.astype(np.uint8).tobytes()))
    if exif:
        chunks.append((b"eXIf", exif))
    chunks += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bmp(pixels: NDArray[Any], palette: NDArray[Any] | None = None) -> bytes:
    """A BMP of (height, width, 3) colours, or of (height, width, 1) indices into a palette of 256 colours."""
    height, width, channels = pixels.shape
    rows = [row[:, ::-1].tobytes() for row in pixels[::-1]]
    data = b"".join(row + b"\0" * (-len(row) % 4) for row in rows)
    table = b""
    if palette is not None:
        table = np.pad(palette.astype(np.uint8)[:, ::-1], ((0, 0), (0, 1))).tobytes()
    start = 54 + len(table)
    head = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8 * channels, 0, len(data), 0, 0, 0, 0)
    return head + info + table + data


def gif(indices: NDArray[Any], palette: NDArray[Any]) -> bytes:
    """A GIF of two frames: (height, width) indices below 4 into four colours, then all of colour 0."""
    height, width = indices.shape
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, 0, 0) + palette.astype(np.uint8).tobytes()
    frames = b"".join(_frame(frame) for frame in (indices, np.zeros_like(indices)))
    return head + frames + b";"


def _frame(indices: NDArray[Any]) -> bytes:
    """One frame whose codes never grow beyond three bits, because every second one clears the table."""
    height, width = indices.shape
    bits = "".join(f"{code:03b}"[::-1] for index in indices.ravel() for code in (4, int(index)))
    bits += f"{5:03b}"[::-1]
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    return b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02" + bytes((len(data),)) + data + b"\0"


def tiff(orientation: int, order: str = "<") -> bytes:
    """The Exif block that states an orientation."""
    mark = b"II" if order == "<" else b"MM"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", 1) + entry + b"\0\0\0\0"


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    """The JPEG with an Exif segment behind its start."""
    payload = b"Exif\0\0" + block
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


def tensorflow() -> Any:
    """The module, loaded as the product loads it: without its warnings and its log."""
    session.require()
    return sys.modules["tensorflow"]


def graph_bytes(build: Callable[[Any], None]) -> bytes:
    """The GraphDef that `build(tf)` makes."""
    tf = tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        build(tf)
    data: bytes = graph.as_graph_def().SerializeToString()
    return data
