"""A file of data that is read in pieces, here or at an address: open while it is read.

Addresses (`s3://bucket/shard.tar`) are opened through fsspec, the extra `remote`. What a file system needs
besides, such as s3fs, is the user's to install.
"""

from __future__ import annotations

import glob
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bninspect.errors import InputError
from bninspect.inputs.data.address import is_remote
from bninspect.inputs.data.files import matching

if TYPE_CHECKING:
    from typing import BinaryIO

DATA_SUFFIXES = (".npy", ".npz", ".tfrecord", ".tfrecords", ".tar", ".parquet")
"""Endings of the files of data in a folder."""


class Opened:
    """A file that is open for reading at any place."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._stream: BinaryIO | None = None

    @property
    def stream(self) -> BinaryIO:
        """The stream; opened if it is not. Raises InputError."""
        if self._stream is None:
            self._stream = _open(self.path)
            weakref.finalize(self, self._stream.close)
        return self._stream

    def close(self) -> None:
        """Closes the stream until the next read."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def read(self, start: int, size: int) -> bytes:
        """The bytes from `start`. Raises InputError for fewer than `size`: the file was cut short."""
        data = self.head(size, start)
        if len(data) < size:
            raise InputError(f"{self.path} is cut short: {len(data)} of {size} bytes at byte {start}")
        return data

    def head(self, size: int, start: int = 0) -> bytes:
        """At most `size` bytes from `start`. Raises InputError if the file cannot be read."""
        try:
            self.stream.seek(start)
            return bytes(self.stream.read(size))
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def size(self) -> int:
        """Bytes of the file."""
        return self.stream.seek(0, 2)


def find(pattern: str) -> tuple[str, ...]:
    """The files that a path, a folder, a glob or an address stands for, sorted.

    Of a folder, the files whose ending is one of data. Empty for a folder without any; raises InputError for
    what stands for no file.
    """
    if is_remote(pattern):
        return _find_remote(pattern)
    return tuple(map(str, matching("--data", pattern, DATA_SUFFIXES)))


def _open(path: str) -> BinaryIO:
    try:
        if is_remote(path):
            opened: BinaryIO = _fsspec(path).open(path, "rb").open()
            return opened
        return Path(path).open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


def _find_remote(pattern: str) -> tuple[str, ...]:
    fsspec = _fsspec(pattern)
    try:
        system, plain = fsspec.core.url_to_fs(pattern)
        names = system.glob(plain) if glob.has_magic(plain) else [plain]
        if len(names) == 1 and system.isdir(names[0]):
            names = [name for name in system.ls(names[0], detail=False) if name.endswith(DATA_SUFFIXES)]
    except ImportError as error:  # fsspec names the package that it lacks
        raise InputError(f"--data {pattern}: {error}") from None
    except Exception as error:  # of any file system
        raise _unreadable(pattern, error) from None
    if not names:
        raise InputError(f"--data {pattern} matches no file")
    return tuple(str(system.unstrip_protocol(name)) for name in sorted(names))


def _fsspec(path: str) -> Any:
    try:
        import fsspec  # the extra `remote`
    except ImportError:
        raise InputError(f"--data {path}: addresses need fsspec, the extra `remote` of bninspect") from None
    return fsspec


def _unreadable(path: str, error: Exception) -> InputError:
    absent = "it does not exist" if isinstance(error, FileNotFoundError) else ""  # fsspec says its path alone
    reason = getattr(error, "strerror", None) or absent or str(error) or type(error).__name__
    return InputError(f"{path} cannot be read: {reason}")
