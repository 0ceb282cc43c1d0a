"""Pixels -> a PNG file in memory (ISO/IEC 15948): eight bits a value, no filter, one chunk of data.

It stands here because a model that decodes what it is fed wants one before TensorFlow is loaded, and a page
holds its pictures as such files; both need nothing of the format but this.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GREY, _RGB = 0, 2
"""Colour types."""


def png(pixels: NDArray[np.uint8], level: int = 9) -> bytes:
    """The file of pixels, shape (height, width, 1 or 3), grey or RGB; `level` is how hard zlib tries."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, _GREY if channels == 1 else _RGB, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows, level)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    """A chunk: length, name, content, checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
