"""EXIF orientation: cameras store the picture as the sensor lay and write beside it how to turn it.

Image viewers and OpenCV turn it, TensorFlow's decoders do not. It is tag 0x0112 of the first TIFF directory
(EXIF 2.3, 4.6.4), in the APP1 segment of a JPEG or the eXIf chunk of a PNG. Damaged metadata means an image
as it lies, never an error.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TAG = 0x0112
_AS_IT_LIES = 1


def orientation(data: bytes) -> int:
    """The orientation, 1 to 8, that the bytes of a JPEG or PNG file state; 1 where they state none."""
    tiff = _jpeg_exif(data) if data[:2] == b"\xff\xd8" else _png_exif(data)
    try:
        return _from_tiff(tiff)
    except struct.error:
        return _AS_IT_LIES


def upright(image: NDArray[Any], value: int) -> NDArray[Any]:
    """The image (height, width, channels) turned as the orientation says; a view where possible."""
    if value in (5, 6, 7, 8):
        image = np.swapaxes(image, 0, 1)
    if value in (2, 3, 6, 7):
        image = image[:, ::-1]
    if value in (3, 4, 7, 8):
        image = image[::-1]
    return image


def _jpeg_exif(data: bytes) -> bytes:
    """The TIFF block of the Exif segment; empty where there is none before the picture starts."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker in (0xDA, 0xD9):
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xE1 and data[position + 4 : position + 10] == b"Exif\0\0":
            return data[position + 10 : position + 2 + length]
        position += 2 + length
    return b""


def _png_exif(data: bytes) -> bytes:
    """The content of the eXIf chunk; empty where there is none."""
    position = 8
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"eXIf":
            return data[position + 8 : position + 8 + length]
        position += 12 + length
    return b""


def _from_tiff(tiff: bytes) -> int:
    """The orientation in the first directory. Raises struct.error where the block is cut short."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return _AS_IT_LIES
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for index in range(count):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * index)
        if tag == _TAG and kind == 3 and 1 <= value <= 8:
            return int(value)
    return _AS_IT_LIES
