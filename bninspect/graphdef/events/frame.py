"""The frame of one TFRecord: its length and its content, each with a checksum.

    length, 8 bytes | masked CRC of it, 4 | content | masked CRC of it, 4        all little-endian

Source: tensorflow/tsl/lib/io/record_writer.h.
"""

from __future__ import annotations

from bninspect.checksum import masked_crc32c


def framed(content: bytes) -> bytes:
    """The record."""
    length = len(content).to_bytes(8, "little")
    return length + _checksum(length) + content + _checksum(content)


def _checksum(data: bytes) -> bytes:
    return masked_crc32c(data).to_bytes(4, "little")
