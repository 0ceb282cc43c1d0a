"""HDF5 files of Keras: looked through for what would read other files or fill the memory, and copied clean.

The library that reads HDF5 can go round a damaged file without end, deaf to Ctrl-C. So a process of its own
reads the file, under a limit of time, and writes a copy; what is loaded afterwards is the copy, every part of
which was read once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bninspect.errors import GraphDefError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MISSING = 'reading a Keras file needs h5py, which comes with TensorFlow: pip install "tensorflow>=2.16"'
_DAMAGED = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError)
"""What h5py raises for a file that is cut short or damaged."""
_ROOM = 1 << 26
_RATIO = 20
"""Weights hardly get smaller by packing: what claims more than `_ROOM`, and so many times its size in the
file, is a bomb.
"""
_MOST_OBJECTS = 1_000_000
_SECONDS = 20.0
_SECONDS_PER_BYTE = 1e-7
"""A disk that reads 10 MB/s is a slow one."""
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from bninspect.models.keras.weights import _serve
_serve(*sys.argv[2:])
"""
"""The child finds what its parent finds, and nothing by the folder it is started in."""


class HeldText(NamedTuple):
    """What the root of an HDF5 file says."""

    attributes: dict[str, str | None]
    """Every attribute; None for one that is no text."""
    groups: tuple[str, ...]
    """Names of what stands in the root."""


def copied(source: Path, target: Path) -> HeldText:
    """What the root of the file says; `target` is a copy of the file in which nothing is damaged.

    Raises GraphDefError for a damaged file, one that is not read through in time, a link to another file,
    data kept in one, and sizes that are made up; RunError if h5py is missing.
    """
    limit = _SECONDS + _SECONDS_PER_BYTE * source.stat().st_size
    arguments = ["-I", "-c", _START, json.dumps(sys.path), str(source), str(target)]
    try:
        done = subprocess.run([sys.executable, *arguments], capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        raise GraphDefError(
            f"an HDF5 file that is damaged: it was not read through in {limit:.0f} seconds"
        ) from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise GraphDefError("an HDF5 file that is damaged: reading it ends the process that reads") from None
    if "missing" in answer:
        raise RunError(_MISSING)
    if "error" in answer:
        raise GraphDefError(answer["error"])
    return HeldText(answer["attributes"], tuple(answer["groups"]))


def _serve(source: str, target: str) -> None:
    """The work of the child: the copy, and what came of it as JSON on standard output."""
    try:
        held = _copy(Path(source), Path(target))
    except RunError:
        answer: dict[str, Any] = {"missing": True}
    except GraphDefError as error:
        answer = {"error": str(error)}
    else:
        answer = {"attributes": held.attributes, "groups": list(held.groups)}
    sys.stdout.write(json.dumps(answer))


def _copy(source: Path, target: Path) -> HeldText:
    """Copies everything that the root of the file holds."""
    with _open(source) as file:
        _check(file, source.stat().st_size)
        import h5py

        with h5py.File(target, "w", libver="earliest") as made:
            for name in file:
                file.copy(file[name], made, name)
            for name, value in file.attrs.items():
                made.attrs[name] = value
        attributes = {name: _text(value) for name, value in file.attrs.items()}
        return HeldText(attributes, tuple(file))


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    """The file, for reading. Raises GraphDefError where it is damaged, RunError where h5py is missing."""
    try:
        import h5py
    except ImportError:
        raise RunError(_MISSING) from None
    try:
        with h5py.File(path, "r") as file:
            yield file
    except _DAMAGED as error:
        raise GraphDefError(f"an HDF5 file that is damaged or cut short: {_reason(error)}") from None


def _text(value: Any) -> str | None:
    """The value of an attribute that is text; None for any other."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def most_unpacked(size: int) -> int:
    """Bytes that so many bytes of a file may become."""
    return max(_ROOM, _RATIO * size)


def _check(file: Any, size: int) -> None:
    """Returns when the file, of so many bytes, stands for itself and holds about as much as it claims to.

    Raises GraphDefError for a link to another file, for data kept in one, and for sizes that are made up.
    """
    most, claimed = most_unpacked(size), 0
    for name, held in _datasets(file):
        if held.external or held.is_virtual:
            raise GraphDefError(f"refused to load: the values of {name} are kept in another file")
        claimed += held.nbytes
        if claimed > most:
            raise GraphDefError(
                f"refused to load: its weights claim to have {claimed:,} bytes, in a file of {size:,}"
            )


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """(name, dataset) of everything in the file; each group is entered once."""
    import h5py

    stack, seen = [("", file)], set()
    while stack:
        path, group = stack.pop()
        place = h5py.h5o.get_info(group.id).addr
        if place in seen:
            continue
        seen.add(place)
        if len(seen) > _MOST_OBJECTS:
            raise GraphDefError(f"refused to load: it has over {_MOST_OBJECTS:,} groups")
        for key in group:
            name = f"{path}/{key}"
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise GraphDefError(f"refused to load: {name} is a link to elsewhere, as Keras writes none")
            held = group[key]
            if isinstance(held, h5py.Dataset):
                yield name, held
            elif isinstance(held, h5py.Group):
                stack.append((name, held))


def _reason(error: BaseException) -> str:
    """The part of HDF5's message that says something to a person."""
    text = str(error).strip("'\"")
    inner = text.partition("(")[2].rpartition(")")[0]
    return " ".join((inner or text).split())[:200] or type(error).__name__
