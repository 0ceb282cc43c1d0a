"""`--feed NAME=VALUE`: a number, a boolean or a saved array for any tensor of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import InputError, SelectionError
from bninspect.graph.outputs import find_tensor
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs.placeholders import of, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.graph import Graph
    from bninspect.inputs.placeholders import Placeholder

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def parse(
    graph: Graph, texts: Sequence[str], *, shared: bool = False
) -> tuple[dict[str, NDArray[Any]], dict[str, float | bool | str]]:
    """(tensor name -> array to feed, tensor name -> what the report says was fed).

    `shared`: the texts were written for several graphs; one whose tensor this graph has not is left out.
    Raises InputError for a value that cannot be read or does not fit, SelectionError for an unknown name.
    """
    arrays: dict[str, NDArray[Any]] = {}
    said: dict[str, float | bool | str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise InputError(f"--feed {text}: write NAME=VALUE, such as keep_prob=1.0 or x=@values.npy")
        try:
            place = of(find_tensor(graph, name), graph.graphdef.producer)
        except SelectionError:
            if shared:
                continue
            raise
        if place.tensor.node.functions:
            raise InputError(f"--feed {name}: it stands inside a library function, where nothing can be fed")
        if place.name in arrays:
            raise InputError(f"--feed names {place.name} twice")
        array = _loaded(place, value[1:]) if value.startswith("@") else _written_out(place, value)
        arrays[place.name] = array
        said[place.name] = value if value.startswith("@") or array.dtype.kind == "O" else array.flat[0].item()
    return arrays, said


def rows(graph: Graph, fed: Mapping[str, NDArray[Any]]) -> int | None:
    """How many rows a batch has, by an array fed for a placeholder that takes any number of them;
    None if none is."""
    for name, array in fed.items():
        place = of(find_tensor(graph, name))
        if array.ndim and place.shape and place.shape[0] is None:
            return len(array)
    return None


def _written_out(place: Placeholder, value: str) -> NDArray[Any]:
    """A number or boolean in the placeholder's dtype, repeated over its shape where that is known."""
    dtype = NUMPY[place.dtype]
    if None in (place.shape or ()):
        raise InputError(
            f"--feed {place.name}={value}: it takes {written(place.shape)}; give an array, @file.npy"
        )
    shape = tuple(size or 0 for size in place.shape or ())
    return np.full(shape, _number(place, value, dtype), dtype)


def _number(place: Placeholder, value: str, dtype: np.dtype[Any]) -> float | int | bool | bytes:
    """The text as one value of the dtype."""
    if dtype.kind == "O":
        return value.encode()
    if value.lower() in ("true", "false") or dtype == np.bool_:
        if value.lower() in _BOOLEANS and dtype == np.bool_:
            return _BOOLEANS[value.lower()]
    elif np.issubdtype(dtype, np.integer):
        try:
            number = int(value)
        except ValueError:
            number = None
        limits = np.iinfo(dtype)
        if number is not None and limits.min <= number <= limits.max:
            return number
    else:
        try:
            return float(value)
        except ValueError:
            pass
    raise InputError(f"--feed {place.name}={value}: it takes {place.dtype} values")


def _loaded(place: Placeholder, file: str) -> NDArray[Any]:
    """The array of a .npy file in the placeholder's dtype; of one string, the bytes of any other file.
    Nothing pickled is loaded.
    """
    dtype = NUMPY[place.dtype]
    try:
        if dtype.kind == "O" and not place.shape and not file.endswith(".npy"):
            return np.array(Path(file).read_bytes(), dtype)
        array = np.load(Path(file), allow_pickle=False)
    except OSError as error:
        raise InputError(f"--feed {place.name}=@{file}: {error.strerror or error}") from None
    except (ValueError, EOFError):
        raise InputError(f"--feed {place.name}=@{file} is no .npy file of plain values") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"--feed {place.name}=@{file} holds several arrays: save one with numpy.save")
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise InputError(f"--feed {place.name}=@{file} holds {array.dtype}, and it takes {place.dtype}")
    if not fits(array.shape, place.shape):
        raise InputError(
            f"--feed {place.name}=@{file} has shape {list(array.shape)}, and it takes {written(place.shape)}"
        )
    return array.astype(dtype)


def fits(shape: tuple[int, ...], wanted: tuple[int | None, ...] | None) -> bool:
    """Whether an array of this shape can be fed where `wanted` is asked for."""
    if wanted is None:
        return True
    return len(shape) == len(wanted) and all(
        size is None or size == given for given, size in zip(shape, wanted, strict=True)
    )
