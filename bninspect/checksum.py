"""CRC-32C as TensorFlow's tables, records and events have it: Castagnoli's polynomial, rotated and shifted.

Source: tensorflow/tsl/lib/hash/crc32c.h (`Mask`); the polynomial is 0x1EDC6F41, reflected. It stands here
because Python's own `zlib.crc32` is of another polynomial. Long data are summed in lanes side by side with
NumPy: the sum is linear, so what a lane gives is moved behind zeros as long as what follows, and added.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REFLECTED = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_ONES = 0xFFFFFFFF
_LANE = 64
"""Bytes of a lane."""
_SHORT = 1024
"""Bytes up to which a plain loop is as fast, and needs no NumPy."""


def masked_crc32c(data: bytes) -> int:
    """The checksum of the bytes, in 32 bits."""
    crc = _plain(data) if len(data) <= _SHORT else _in_lanes(data)
    crc ^= _ONES
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _ONES


def _plain(data: bytes) -> int:
    table = _table()
    crc = _ONES
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def _in_lanes(data: bytes) -> int:
    """As `_plain`. Zeros before the first byte change nothing while the register is 0, so it begins with 0;
    the ones that it should begin with are added to the first four bytes.
    """
    import numpy as np

    lanes = 1 << (-(-len(data) // _LANE) - 1).bit_length()
    values = np.zeros(lanes * _LANE, np.uint32)
    begin = len(values) - len(data)
    values[begin:] = np.frombuffer(data, np.uint8)
    values[begin : begin + 4] ^= 0xFF
    table = np.array(_table(), np.uint32)
    crc = np.zeros(lanes, np.uint32)
    for column in values.reshape(lanes, _LANE).T:
        crc = table[(crc ^ column) & 0xFF] ^ (crc >> 8)
    doublings = 0
    while len(crc) > 1:
        crc = _moved(crc[::2], _behind_zeros(doublings)) ^ crc[1::2]
        doublings += 1
    return int(crc[0])


def _moved(crc: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
    """Each register behind zeros: the sum (XOR) of what its bits become."""
    import numpy as np

    bits = crc[:, None] >> np.arange(32, dtype=np.uint32) & 1
    found: NDArray[Any] = np.bitwise_xor.reduce(bits * columns, axis=1)
    return found


@cache
def _behind_zeros(doublings: int) -> NDArray[Any]:
    """What each of the 32 bits becomes behind _LANE * 2**doublings zero bytes."""
    import numpy as np

    if doublings:
        half = _behind_zeros(doublings - 1)
        return _moved(half, half)
    crc: NDArray[Any] = np.uint32(1) << np.arange(32, dtype=np.uint32)
    table = np.array(_table(), np.uint32)
    for _ in range(_LANE):
        crc = table[crc & 0xFF] ^ (crc >> 8)
    return crc


@cache
def _table() -> tuple[int, ...]:
    """What each byte does to the sum."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_REFLECTED if byte & 1 else 0)
        table.append(byte)
    return tuple(table)
