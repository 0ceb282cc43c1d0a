"""Small files of noise in memory, for a model that decodes what it is fed: a PNG picture, a WAV sound."""

from __future__ import annotations

import struct

import numpy as np

from bninspect.inputs.png import png

_SECOND = 16_000
"""Samples of a sound, and how many of them are a second: what models of speech take."""


def noise(generator: np.random.Generator, height: int, width: int) -> bytes:
    """A PNG with three colours, every value even in 0 to 255."""
    return png(generator.integers(0, 256, (height, width, 3), np.uint8), 1)


def wav(generator: np.random.Generator) -> bytes:
    """A WAV of one channel, one second of noise in 16 bits."""
    samples = generator.integers(-(1 << 15), 1 << 15, _SECOND, np.int16).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, _SECOND, 2 * _SECOND, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples))
    return b"RIFF" + struct.pack("<I", len(body) + len(samples)) + body + samples
