"""Image files -> arrays: what kind each is, its pixels the right way up.

TensorFlow decodes (`session.decode`); here is what its decoders leave to the caller. JPEGs come out as
`tf.io.decode_jpeg` gives them, whose fast transform differs from libjpeg's by up to a few levels of 255.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import InputError, RunError
from bninspect.inputs.data import exif
from bninspect.run import session

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_SIGNATURES = ((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF8", "gif"), (b"BM", "bmp"))
_LONGEST_SIGNATURE = 12
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
KINDS = "JPEG, PNG, BMP, GIF or WebP"


def refuse_foreign(path: Path) -> None:
    """Raises InputError if the file cannot be read, or does not begin as an image does."""
    _bytes(path, _LONGEST_SIGNATURE)


def read(path: Path) -> bytes:
    """The bytes of an image file. Raises InputError if it cannot be read or is no image."""
    return _bytes(path)


def _bytes(path: Path, count: int = -1) -> bytes:
    """The first bytes of an image file, or all of them."""
    try:
        with path.open("rb") as stream:
            data = stream.read(count)
    except OSError as error:
        raise InputError(f"image {path}: {error.strerror or error}") from None
    if not data:
        raise InputError(f"image {path} is empty")
    refuse_other(data, str(path))
    return data


def refuse_other(data: bytes, name: str) -> None:
    """Raises InputError for bytes that do not begin as an image does."""
    if kind(data) is None:
        raise InputError(f"image {name} is no {KINDS} file: convert it to PNG")


def decode(data: bytes, path: Path | str) -> NDArray[Any]:
    """The pixels, (height, width, channels), turned upright, 0 to 255: uint8, or float32 of a 16-bit PNG.

    1 channel is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. `path` is for messages. Raises InputError for
    damaged bytes and RunError where TensorFlow is missing.
    """
    form = kind(data)
    session.require()
    try:
        pixels = session.decode(data, form or "unknown")
    except RunError as error:
        reason = f"is damaged, or of a kind that TensorFlow cannot read ({error})"
        raise InputError(f"image {path} {reason}: save it as PNG") from None
    if form == "bmp":
        pixels = _through_palette(pixels, data)
    if form in ("jpeg", "png"):
        pixels = exif.upright(pixels, exif.orientation(data))
    if pixels.dtype == np.uint16:
        return np.divide(pixels, 257, dtype=np.float32)
    return pixels


def kind(data: bytes) -> str | None:
    """jpeg, png, gif, bmp or webp, by the first bytes; None for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((name for signature, name in _SIGNATURES if data.startswith(signature)), None)


def _through_palette(pixels: NDArray[Any], data: bytes) -> NDArray[Any]:
    """The colours of a BMP with 8 bits a pixel, of which TensorFlow gives the numbers in its palette."""
    header, bits, count = _bmp_header(data)
    if bits != 8 or pixels.shape[-1] != 1:
        return pixels
    start = 14 + header
    table = np.frombuffer(data[start : start + 4 * (count or 256)], np.uint8)
    palette = np.zeros((256, 3), np.uint8)
    rows = table[: len(table) // 4 * 4].reshape(-1, 4)[:256, 2::-1]
    palette[: len(rows)] = rows
    colours: NDArray[Any] = palette[pixels[..., 0]]
    return colours


def _bmp_header(data: bytes) -> tuple[int, int, int]:
    """(size of the information header, bits a pixel, colours in the palette); zeros where it is cut short."""
    try:
        (header,) = struct.unpack_from("<I", data, 14)
        (bits,) = struct.unpack_from("<H", data, 28)
        (colours,) = struct.unpack_from("<I", data, 46)
    except struct.error:
        return 0, 0, 0
    return header, bits, min(colours, 256)
