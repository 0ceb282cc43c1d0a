"""CRC-32C as checkpoints and TFRecords write it: Castagnoli's polynomial, rotated and shifted.

Source: tensorflow/tsl/lib/hash/crc32c.h (`Mask`); the polynomial is 0x1EDC6F41, reflected. It stands here
because Python's own `zlib.crc32` is of another polynomial, and what is checked is small.
"""

from __future__ import annotations

from functools import cache

_REFLECTED = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


def masked_crc32c(data: bytes) -> int:
    """The checksum of the bytes, in 32 bits."""
    table = _table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    """What each byte does to the sum."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_REFLECTED if byte & 1 else 0)
        table.append(byte)
    return tuple(table)
