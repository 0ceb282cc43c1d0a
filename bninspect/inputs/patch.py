"""`--patch 0,22:28,22:28,0`: the piece of a tensor a person wants to see, written as NumPy indices are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bninspect.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Index = int | slice

_PART = re.compile(r"(?P<one>[+-]?\d+)|(?P<a>[+-]?\d+)?:(?P<b>[+-]?\d+)?(?::(?P<c>[+-]?\d+)?)?")


def parse(text: str) -> tuple[Index, ...]:
    """The indices: integers, `a:b`, `a:b:c`, `:`; negative ones count from the end.

    Raises InputError for anything else.
    """
    inner = text.strip().removeprefix("[").removesuffix("]")
    return tuple(_index(part.strip(), text) for part in inner.split(","))


def cut(array: NDArray[Any], text: str, name: str) -> NDArray[Any]:
    """The piece of the array that `text` stands for; axes it does not mention stay whole.

    `name` is the tensor's. Raises InputError that states the shape where the piece leaves it or is empty.
    """
    indices = parse(text)
    shape = f"{name} has shape {list(array.shape)}"
    if len(indices) > array.ndim:
        raise InputError(f"--patch {text} has {len(indices)} indices, and {shape}")
    for axis, (index, size) in enumerate(zip(indices, array.shape, strict=False)):
        if not _inside(index, size):
            raise InputError(f"--patch {text} reaches out of axis {axis}: {shape}")
    piece: NDArray[Any] = array[indices]
    if piece.size == 0:
        raise InputError(f"--patch {text} holds no value: {shape}")
    return piece


def _index(part: str, text: str) -> Index:
    """One index of the patch."""
    match = _PART.fullmatch(part)
    if match is None:
        raise InputError(f"--patch {text}: {part!r} is no index; write one like 0,22:28,22:28,0")
    if match["one"] is not None:
        return int(match["one"])
    start, stop, step = (None if match[key] is None else int(match[key]) for key in "abc")
    if step == 0:
        raise InputError(f"--patch {text}: a step of 0 goes nowhere")
    return slice(start, stop, step)


def _inside(index: Index, size: int) -> bool:
    """Whether the index, or both written ends of the slice, lie within an axis of this size."""
    if isinstance(index, int):
        return -size <= index < size
    return all(-size <= end <= size for end in (index.start, index.stop) if end is not None)
