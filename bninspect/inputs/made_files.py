"""Small files of noise in memory, for a model that decodes what it is fed: a PNG picture, a WAV sound."""

from __future__ import annotations

import struct
import zlib

import numpy as np

_SECOND = 16_000
"""Samples of a sound, and how many of them are a second: what models of speech take."""


def png(generator: np.random.Generator, height: int, width: int) -> bytes:
    """A PNG with three colours, every value even in 0 to 255."""
    pixels = generator.integers(0, 256, (height, 3 * width), np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows, 1)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def wav(generator: np.random.Generator) -> bytes:
    """A WAV of one channel, one second of noise in 16 bits."""
    samples = generator.integers(-(1 << 15), 1 << 15, _SECOND, np.int16).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, _SECOND, 2 * _SECOND, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples))
    return b"RIFF" + struct.pack("<I", len(body) + len(samples)) + body + samples


def _chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG: length, name, content, checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
