"""Parquet files with a column of images, as data sets on hubs are kept. The only home of pyarrow.

Rows are read a group at a time. A column of images holds encoded files, or structs with their `bytes`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import InputError, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bninspect.inputs.data.opened import Opened
    from bninspect.inputs.data.source import Value

MAGIC = b"PAR1"
_IMAGE = ("image", "img", "image_bytes", "bytes", "jpg", "png")
"""Columns that are taken for the images, unless one is named."""


class Parquet:
    """The rows of one file. `wanted` are columns; none: the one with the images."""

    def __init__(self, opened: Opened, wanted: Sequence[str] = ()) -> None:
        self._opened = opened
        with _reading(opened.path):
            file = _pyarrow(opened.path).ParquetFile(opened.stream)
            columns = tuple(file.schema_arrow.names)
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        self.fields = tuple(wanted) or _image_column(opened.path, columns)
        for field in self.fields:
            if field not in columns:
                raise InputError(f"{opened.path} has no column {field}; it has {', '.join(columns)}")
        self._ends = np.cumsum(sizes, dtype=np.int64)
        self.count = int(self._ends[-1]) if sizes else 0
        if not self.count:
            raise InputError(f"{opened.path} holds no rows")
        self._group: tuple[int, dict[str, list[Any]]] = (-1, {})

    def name(self, index: int) -> str:
        return f"{self._opened.path}[{index}]"

    def values(self, index: int) -> Mapping[str, Value]:
        which = int(np.searchsorted(self._ends, index, side="right"))
        start = int(self._ends[which - 1]) if which else 0
        if self._group[0] != which:
            with _reading(self._opened.path):
                file = _pyarrow(self._opened.path).ParquetFile(self._opened.stream)
                table = file.read_row_group(which, columns=list(self.fields))
                held = table.to_pydict()
            if {len(held.get(field, ())) for field in self.fields} != {int(self._ends[which]) - start}:
                raise InputError(f"{self._opened.path} is damaged: row group {which} lacks rows")
            self._group = (which, held)
        row = index - start
        return {field: self._value(index, field, self._group[1][field][row]) for field in self.fields}

    def release(self) -> None:
        self._opened.close()
        self._group = (-1, {})

    def _value(self, index: int, field: str, held: Any) -> Value:
        if isinstance(held, dict):
            held = held.get("bytes")
        if isinstance(held, bytes):
            return held
        if isinstance(held, str):
            return held.encode()
        array = np.asarray(held)
        if held is None or array.dtype.kind not in "biuf":
            raise InputError(f"{self.name(index)}: {field} holds neither bytes nor numbers")
        return array


def _image_column(path: str, columns: Sequence[str]) -> tuple[str, ...]:
    for name in _IMAGE:
        if name in columns:
            return (name,)
    raise InputError(f"{path} has the columns {', '.join(columns)}: name one, --data '{path}#{columns[0]}'")


def _pyarrow(path: str) -> Any:
    try:
        import pyarrow.parquet  # the extra `parquet`
    except ImportError:
        raise InputError(f"{path}: parquet needs pyarrow, the extra `parquet` of bninspect") from None
    return pyarrow.parquet


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Whatever pyarrow raises within it is an InputError that names the file."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # pyarrow's own are of many kinds
        raise InputError(f"{path} is no parquet file, or is damaged: {first_line(error)}") from None
