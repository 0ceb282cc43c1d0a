"""HDF5 files of Keras: opened, and looked through for what would read other files or fill the memory."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MISSING = 'reading a Keras file needs h5py, which comes with TensorFlow: pip install "bninspect[tf]"'
_DAMAGED = (OSError, RuntimeError, ValueError, KeyError, TypeError)
"""What h5py raises for a file that is cut short or damaged."""
_ROOM = 1 << 26
_RATIO = 20
"""Weights hardly get smaller by packing: what claims more than `_ROOM`, and so many times its size in the
file, is a bomb.
"""
_MOST_OBJECTS = 1_000_000


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
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


def text_attribute(file: Any, name: str) -> str | None:
    """An attribute of the file that is text; None where there is none."""
    found = file.attrs.get(name)
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    return found if isinstance(found, str) else None


def most_unpacked(size: int) -> int:
    """Bytes that so many bytes of a file may become."""
    return max(_ROOM, _RATIO * size)


def check_weights(path: Path) -> None:
    """Returns when the file stands for itself, and holds about as much as it claims to.

    Raises GraphDefError for a link to another file, for data kept in one, and for sizes that are made up.
    """
    most = most_unpacked(path.stat().st_size)
    with open_hdf5(path) as file:
        claimed = 0
        for name, held in _datasets(file):
            if held.external or held.is_virtual:
                raise GraphDefError(f"refused to load: the values of {name} are kept in another file")
            claimed += held.nbytes
            if claimed > most:
                raise GraphDefError(
                    f"refused to load: its weights claim to have {claimed:,} bytes, in a file of "
                    f"{path.stat().st_size:,}"
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
