"""Files that are written whole or not at all: beside the target first, then in its place.

Whatever goes wrong on the way, an error, an interrupt, a full disk, the target is what it was. A process that
is killed outright (SIGKILL) can leave the file beside it, named `.bninspect-` and a number; the target never
holds a half.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from bninspect.errors import RewriteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

STREAM = "-"
"""Standard input as a model, standard output as a target."""

_SECONDS_BEHIND = 0.1
"""How often what was written is sent to the disk; a small file is written in less."""

_unfinished: set[Path] = set()
"""Files beside their target, and folders, that are taken away when their block ends."""


def abandon() -> None:
    """Takes away what is not finished, for a process that is about to end without ending its blocks."""
    import shutil

    for path in tuple(_unfinished):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder of our own, which is gone when the block ends."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="bninspect-"))
    _unfinished.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _unfinished.discard(folder)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A stream; what is written to it is at `path` when the block ends, on the disk, and only then.

    A symbolic link stays one: what it points to is replaced. A file that was there keeps its permissions.
    What is no file (a pipe, /dev/null) cannot be replaced, and is written to as the block goes. Raises
    OSError with the path.
    """
    refuse(path)
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".bninspect-{os.urandom(8).hex()}")
    _unfinished.add(beside)
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                yield stream
            return
        with _new(beside, target) as new, _reaching_the_disk(new):
            yield new
        beside.replace(target)
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(beside)):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        beside.unlink(missing_ok=True)
        _unfinished.discard(beside)


def write(path: str | Path, parts: Iterable[bytes]) -> None:
    """Writes a file, whole or not at all. Raises OSError."""
    with whole(Path(path)) as stream:
        for part in parts:
            stream.write(part)


def write_arrays(path: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays under their names into an `.npz` file, whole or not at all. Raises OSError."""
    import numpy as np

    with whole(Path(path)) as stream:
        np.savez(stream, **dict(arrays))  # type: ignore[arg-type]


@contextmanager
def _reaching_the_disk(stream: BinaryIO) -> Iterator[None]:
    """What the block writes is on the disk when it ends. The disk begins meanwhile: left alone, the system
    would wait until gigabytes are written, and the block then for the disk.
    """
    ended = threading.Event()
    failures: list[OSError] = []
    descriptor = os.dup(stream.fileno())

    def send() -> None:
        try:
            while hasattr(os, "fdatasync") and not ended.wait(_SECONDS_BEHIND):
                os.fdatasync(descriptor)
        except OSError as error:
            failures.append(error)  # the system says it once, and not again where the block ends
        finally:
            os.close(descriptor)

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    try:
        yield
        stream.flush()
    finally:
        ended.set()
    sending.join()
    if failures:
        raise failures[0]
    os.fsync(stream.fileno())


def refuse(path: Path) -> None:
    """Raises OSError where `path` cannot be written, as far as that shows before: it is a folder, the
    folder it would stand in does not exist, or one of the two may not be written. A target that may be
    standard output does not come here: where one does, it is none.
    """
    if str(path) == STREAM:
        raise OSError(errno.EINVAL, "standard output takes what is printed; name a file", STREAM)
    target = Path(os.path.realpath(path))
    folder = target.parent
    if target.is_dir():
        raise _refused(errno.EISDIR, path)
    if not folder.is_dir():
        raise OSError(errno.ENOENT, f"there is no folder {folder}", str(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise _refused(errno.EACCES, path)
    replaced = target.is_file() or not target.exists()
    if replaced and not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, f"no file may be made in the folder {folder}", str(path))


def refuse_read(
    path: Path, model: str, *, prefix: str | None = None, inputs: Iterable[str | os.PathLike[str]] = ()
) -> None:
    """Raises RewriteError where `path` is what the command reads: the model, a file in its folder or of its
    checkpoint (which begin with `prefix`), or one of the `inputs` (images, values to feed, parts).

    Every command that writes asks this before it runs anything. A model that is read from a stream (`-`) is
    no file.
    """
    if not path.exists():
        return
    target = Path(os.path.realpath(path))
    read = Path(os.path.realpath(model))
    if model != STREAM and _is_file(read, target):
        raise RewriteError(f"{path}: is the model itself; name another file")
    inside = model != STREAM and read.is_dir() and read in target.parents
    folder, base = os.path.split(prefix or "")  # the base may be empty: DIR/.index
    beside = (
        prefix is not None
        and target.parent == Path(os.path.realpath(folder))
        and target.name.startswith(f"{base}.")
    )
    if inside or beside:
        raise RewriteError(f"{path}: belongs to the model; name another file")
    if any(_is_file(Path(given), target) for given in inputs):
        raise RewriteError(f"{path}: is read as an input; name another file")


def _is_file(path: Path, target: Path) -> bool:
    """Whether both are one file, by whatever names."""
    return path.exists() and path.samefile(target)


def _new(beside: Path, target: Path) -> BinaryIO:
    """A new file with the permissions of the target, or with those that new files have here."""
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    stream = os.fdopen(descriptor, "wb")
    if target.exists():
        beside.chmod(stat.S_IMODE(target.stat().st_mode))
    return stream


def _refused(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
