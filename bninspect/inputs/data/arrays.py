"""`.npy` and `.npz`: rows of arrays. The keys of an npz are names of inputs. Nothing pickled is loaded."""

from __future__ import annotations

import lzma
import tokenize
import zipfile
import zlib
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from bninspect.errors import InputError, first_line
from bninspect.inputs.data.source import ALONE
from bninspect.inputs.memory import refuse_large

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

    from numpy.typing import NDArray

    from bninspect.inputs.data.opened import Opened
    from bninspect.inputs.data.source import Value

MAGIC = b"\x93NUMPY"
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError)
"""What zipfile and NumPy raise for bytes that are not as they have to be."""
_NO_HEADER = (ValueError, TypeError, OSError, EOFError, MemoryError, SyntaxError, tokenize.TokenError)
"""What NumPy raises for a header that is none: it reads it as the text of a Python dict."""
_UNNAMED = "arr_0"
"""What numpy.savez calls an array that got no name."""


class Npy:
    """The rows of one array, read one by one."""

    fields: tuple[str, ...] = (ALONE,)

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        opened.stream.seek(0)
        self._shape, self._dtype, columns_first = _header(opened.path, opened.stream)
        self._start = opened.stream.tell()
        self._whole: NDArray[Any] | None = None
        if columns_first and len(self._shape) > 1:  # a row does not lie in one piece
            refuse_large(opened.path, self._shape)
            data = opened.read(self._start, prod(self._shape) * self._dtype.itemsize)
            self._whole = np.frombuffer(data, self._dtype).reshape(self._shape, order="F")
        self.count = self._shape[0]
        self._row = prod(self._shape[1:]) * self._dtype.itemsize
        if self._start + self.count * self._row > opened.size():
            raise InputError(f"{opened.path} is cut short: its {self.count} rows are not all there")

    def name(self, index: int) -> str:
        return f"{self._opened.path}[{index}]"

    def values(self, index: int) -> Mapping[str, Value]:
        if self._whole is not None:
            return {ALONE: self._whole[index]}
        data = self._opened.read(self._start + index * self._row, self._row)
        return {ALONE: np.frombuffer(data, self._dtype).reshape(self._shape[1:])}

    def release(self) -> None:
        self._opened.close()


class Npz:
    """The rows of several arrays of one length, which stay unpacked while the file is open."""

    def __init__(self, opened: Opened, wanted: Sequence[str] = ()) -> None:
        self._opened = opened
        self._shapes: dict[str, tuple[int, ...]] = {}
        try:
            with zipfile.ZipFile(opened.stream) as archive:
                for name in archive.namelist():
                    if name.endswith(".npy"):
                        with archive.open(name) as stream:
                            self._shapes[name.removesuffix(".npy")], _, _ = _header(opened.path, stream)
        except _DAMAGED as error:
            raise InputError(f"{opened.path} is no npz file, or is damaged: {error}") from None
        if not self._shapes:
            raise InputError(f"{opened.path} holds no array: save some with numpy.savez")
        missing = [name for name in wanted if name not in self._shapes]
        if missing:
            raise InputError(f"{opened.path} has no key {missing[0]}; it has {', '.join(self._shapes)}")
        if wanted:
            self._shapes = {name: self._shapes[name] for name in wanted}
        lengths = {name: shape[0] for name, shape in self._shapes.items()}
        self.count = next(iter(lengths.values()))
        if set(lengths.values()) != {self.count}:
            rows = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise InputError(f"{opened.path}: its arrays have different numbers of rows ({rows})")
        self._alone = list(self._shapes) == [_UNNAMED]
        self.fields = (ALONE,) if self._alone else tuple(self._shapes)
        self._arrays: dict[str, NDArray[Any]] = {}

    def name(self, index: int) -> str:
        return f"{self._opened.path}[{index}]"

    def values(self, index: int) -> Mapping[str, Value]:
        return {field: self._array(field)[index] for field in self.fields}

    def _array(self, field: str) -> NDArray[Any]:
        if field not in self._arrays:
            key = _UNNAMED if self._alone else field
            refuse_large(f"{self._opened.path}: {key}", self._shapes[key])
            try:
                with zipfile.ZipFile(self._opened.stream) as archive, archive.open(f"{key}.npy") as stream:
                    self._arrays[field] = npy.read_array(stream, allow_pickle=False)
            except _DAMAGED as error:
                raise InputError(f"{self._opened.path}: {key} is damaged: {error}") from None
        return self._arrays[field]

    def release(self) -> None:
        self._opened.close()
        self._arrays.clear()


def _header(path: str, stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """(shape, dtype, whether columns come first) of the array that the stream begins with.

    Raises InputError for what is no such array, has no rows, or holds Python objects.
    """
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, columns_first, dtype = read(stream)
    except _NO_HEADER as error:
        raise InputError(f"{path} is no .npy file of plain values: {first_line(error)}") from None
    if dtype.hasobject:
        raise InputError(f"{path} holds Python objects, which are not loaded: save plain values")
    if not shape or min(shape) < 1 or not dtype.itemsize:
        raise InputError(f"{path} holds no rows of values: its shape is {list(shape)}, its type {dtype}")
    return shape, dtype, columns_first
