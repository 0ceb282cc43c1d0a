"""The types of values, all of them here: TensorFlow's name, its number in a file, what NumPy holds it in.

Source: tensorflow/core/framework/types.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = """
    invalid float double int32 uint8 int16 int8 string complex64 int64 bool qint8 quint8 qint32 bfloat16
    qint16 quint16 uint16 complex128 half resource variant uint32 uint64 float8_e5m2 float8_e4m3fn
    float8_e4m3fnuz float8_e4m3b11fnuz float8_e5m2fnuz int4 uint4 int2 uint2 float4_e2m1fn
"""
DATA_TYPES: Mapping[int, str] = dict(enumerate(_TYPES.split()))
"""Number of a DataType -> its name (`float`, `int32`); a reference type is 100 above its type."""
NUMBERS: Mapping[str, int] = {name: number for number, name in DATA_TYPES.items()}

FLOATS = frozenset({"float", "double", "half", "bfloat16"})
NARROW = frozenset({"half", "bfloat16"})
"""Of 16 bits: 11 and 8 of them for the digits."""
INTEGERS = frozenset({"bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"})
"""Whole numbers, a boolean among them."""

_BITS = {
    "complex64": "<c8", "complex128": "<c16", "qint8": "<i1", "qint16": "<i2", "qint32": "<i4",
    "quint8": "<u1", "quint16": "<u2", "bfloat16": "<u2",
}  # fmt: skip
_NUMBERS_OF_NUMPY = {
    "float": "<f4", "double": "<f8", "half": "<f2", "bool": "?", "int8": "<i1", "int16": "<i2",
    "int32": "<i4", "int64": "<i8", "uint8": "<u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8",
}  # fmt: skip
STORED: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(kind) for name, kind in {**_NUMBERS_OF_NUMPY, **_BITS}.items()
}
"""Name -> how a file keeps the values as raw bytes; bfloat16, which NumPy has not, as its bits."""
NUMPY: Mapping[str, np.dtype[Any]] = {
    **{name: np.dtype(kind) for name, kind in _NUMBERS_OF_NUMPY.items()},
    "string": np.dtype(object),
}
"""Name -> NumPy's own type, of those that it can compute with or hold, and that can be fed."""
_NAMES = {NUMPY[name].name: name for name in _NUMBERS_OF_NUMPY}


def dtype_name(number: int) -> str:
    """`float`, `int32`, `float_ref`, ...; `dtype 77` for one this table does not know."""
    if number in DATA_TYPES:
        return DATA_TYPES[number]
    if number - 100 in DATA_TYPES:
        return f"{DATA_TYPES[number - 100]}_ref"
    return f"dtype {number}"


def name_of_numpy(dtype: np.dtype[Any]) -> str:
    """TensorFlow's name of a type of NumPy. Raises KeyError for one that is none of numbers."""
    return _NAMES[dtype.name]


def spoken(name: str) -> str:
    """The name that people know a type by: `float32` for `float`."""
    return NUMPY[name].name if name in FLOATS and name in NUMPY else name
