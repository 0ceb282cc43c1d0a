"""Values for what nobody feeds: enough to compare two graphs with each other, and meaningless in themselves.

Two graphs that compute the same agree on any values, so nobody has to look for a photograph before they can
be compared. Seeded, so that a comparison can be repeated.
"""

from __future__ import annotations

import struct
import zlib
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import InputError
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs.memory import refuse_large
from bninspect.inputs.placeholders import IMAGES, WAV, content, image_input, layout
from bninspect.inputs.png import png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph
    from bninspect.inputs.placeholders import Placeholder
    from bninspect.inputs.request import Request

    Array = NDArray[Any]

BATCH = 2
"""Rows, where the model takes any number."""
_SIDE = 128
"""Height and width of an image, where the model takes any."""
_LENGTH = 8
"""Any other size that the model leaves free."""
_SCALAR = 0.5
"""Of a number: a dropout keeps half, whether this is the rate that it keeps or drops."""
_SECOND = 16_000
"""Samples of a sound, and how many of them are a second: what models of speech take."""


def invented(
    graph: Graph, places: Sequence[Placeholder], layers: Sequence[BatchNorm], request: Request
) -> dict[str, Array]:
    """Tensor name -> a value that fits, for each of these placeholders.

    Pixels are whole, 0 to 255; other numbers normal, whole numbers 0 or 1; a single number is 0.5 or the rows
    of a batch, a single boolean false; what is decoded, a file of noise. The batch size, the size of images
    and the seed are those of the request, where it says them. Raises InputError for other text, which cannot
    be made up, and for what would take too much memory.
    """
    image = _image(graph, places, layers)
    return {place.name: _value(graph, place, place == image, request) for place in places}


def _image(graph: Graph, places: Sequence[Placeholder], layers: Sequence[BatchNorm]) -> Placeholder | None:
    """The placeholder that takes the image, where one is known."""
    try:
        return image_input(graph, places, layers, None)
    except InputError:
        return None


def _value(graph: Graph, place: Placeholder, is_image: bool, request: Request) -> Array:
    dtype = NUMPY[place.dtype]
    shape = _shape(graph, place, is_image, request)
    refuse_large(place.name, shape)
    generator = np.random.default_rng((request.seed, zlib.crc32(place.name.encode())))
    if dtype.kind == "O":
        made = [_file(graph, place, request, generator) for _ in range(prod(shape))]
        return np.array(made, dtype).reshape(shape)
    if not shape:
        number = {"f": _SCALAR, "b": False}.get(dtype.kind, request.batch_size or BATCH)
        return np.asarray(number, dtype)
    if dtype == np.uint8 or (len(shape) == 4 and dtype.kind == "f"):
        return generator.integers(0, 256, shape).astype(dtype)
    if dtype.kind == "f":
        return generator.standard_normal(shape).astype(dtype)
    return generator.integers(0, 2, shape).astype(dtype)


def _file(graph: Graph, place: Placeholder, request: Request, generator: np.random.Generator) -> bytes:
    """A file of what the placeholder takes. Raises InputError if that is neither images nor sound."""
    wanted = content(graph, place)
    if wanted == WAV:
        return _wav(generator)
    if wanted == IMAGES:
        return _png(generator, *(request.size or (_SIDE, _SIDE)))
    raise InputError(f"{place} takes text: give it with --feed {place.name.removesuffix(':0')}=TEXT")


def _shape(graph: Graph, place: Placeholder, is_image: bool, request: Request) -> tuple[int, ...]:
    """The shape of the placeholder, with a size for every dimension that it leaves free."""
    given = place.shape
    if given is None:
        given = (None, None, None, None) if is_image else ()
    free = [request.batch_size or BATCH, *[_LENGTH] * (len(given) - 1)]
    if len(given) == 4:
        height, width = request.size or (_SIDE, _SIDE)
        free[1:] = [height, width, 3] if layout(graph, place) == "NHWC" else [3, height, width]
    return tuple(free[index] if size is None else size for index, size in enumerate(given))


def _png(generator: np.random.Generator, height: int, width: int) -> bytes:
    """A PNG with three colours, every value even in 0 to 255."""
    return png(generator.integers(0, 256, (height, width, 3), np.uint8), 1)


def _wav(generator: np.random.Generator) -> bytes:
    """A WAV of one channel, one second of noise in 16 bits."""
    samples = generator.integers(-(1 << 15), 1 << 15, _SECOND, np.int16).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, _SECOND, 2 * _SECOND, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples))
    return b"RIFF" + struct.pack("<I", len(body) + len(samples)) + body + samples
