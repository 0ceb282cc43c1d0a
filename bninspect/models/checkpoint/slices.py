"""Parts of a tensor: how checkpoints key the slices of a partitioned variable, and how they are joined.

Source: tensorflow/core/util/saved_tensor_slice_util.cc (`EncodeTensorNameSlice`),
tensorflow/core/lib/strings/ ordered_code.cc, and tensor_slice.cc for the text `4 10 0,2:-` of a SaveV2 or
RestoreV2.
"""

from __future__ import annotations

from typing import Any

from bninspect.errors import GraphDefError

Extent = tuple[int, int]
"""Where a slice starts in one dimension, and its length; -1 for all of it."""


def extents(message: Any) -> tuple[Extent, ...]:
    """The extents of a TensorSliceProto."""
    return tuple(
        (extent.start, extent.length if extent.WhichOneof("value_kind") else -1) for extent in message.extent
    )


def is_part(slice_: tuple[Extent, ...]) -> bool:
    """Whether it is less than the whole tensor."""
    return any(length >= 0 for _, length in slice_)


def region(slice_: tuple[Extent, ...]) -> tuple[slice, ...]:
    """The slice as an index of a NumPy array."""
    return tuple(slice(None) if length < 0 else slice(start, start + length) for start, length in slice_)


def parsed(text: str) -> tuple[Extent, ...]:
    """The extents of `4 10 0,2:-` (the shape of the whole, then start,length of each dimension); empty for
    the empty text, which means the whole tensor. Raises GraphDefError for any other text.
    """
    if not text:
        return ()
    try:
        return tuple(_extent(part) for part in text.split(" ")[-1].split(":"))
    except ValueError:
        raise GraphDefError(f"damaged: {text[:100]!r} names no part of a tensor") from None


def _extent(part: str) -> Extent:
    if part == "-":
        return 0, -1
    start, length = part.split(",")
    return int(start), int(length)


def key(name: str, slice_: tuple[Extent, ...]) -> bytes:
    """The key under which a slice of a tensor is stored, in an order-preserving code."""
    text = name.encode().replace(b"\x00", b"\x00\xff")  # UTF-8 holds no 0xFF, the other byte to escape
    code = _unsigned(0) + text + b"\x00\x01" + _unsigned(len(slice_))
    return code + b"".join(_signed(start) + _signed(length) for start, length in slice_)


def _unsigned(value: int) -> bytes:
    """Its length in bytes, then the number with its greatest byte first."""
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes((len(data),)) + data


def _signed(value: int) -> bytes:
    """As many leading ones as bytes (the sign is the first bit, inverted), then the number in two's
    complement.
    """
    bits = (~value if value < 0 else value).bit_length()
    length = bits // 7 + 1
    data = bytearray((value & (1 << 8 * length) - 1).to_bytes(length, "big"))
    header = ((1 << length) - 1) << 16 - length
    data[0] ^= header >> 8
    if length > 1:
        data[1] ^= header & 0xFF
    return bytes(data)
