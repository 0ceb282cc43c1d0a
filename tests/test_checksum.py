"""CRC-32C against its published check value, and the lanes against the loop."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.checksum import masked_crc32c

CHECK = 0xE3069283
"""Of "123456789": the catalogue of CRC algorithms, CRC-32/ISCSI."""


def _unmasked(data: bytes) -> int:
    rotated = masked_crc32c(data) - 0xA282EAD8 & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def _by_definition(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_the_check_value() -> None:
    assert _unmasked(b"123456789") == CHECK


@pytest.mark.parametrize("length", [0, 1, 1024, 1025, 1087, 2048, 4097, 70_001])
def test_any_length(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    assert _unmasked(data) == _by_definition(data)
