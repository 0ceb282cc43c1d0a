"""What the values of a source become for one input: prepared images, encoded files, or rows as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.errors import InputError
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs.data import images
from bninspect.inputs.data.files import ImageFiles
from bninspect.inputs.data.source import ALONE, Ordered, is_image
from bninspect.inputs.data.spec import Data, open_data
from bninspect.inputs.pictures import Encoded, Images, RandomImages, RandomValues, Rows
from bninspect.inputs.placeholders import layout
from bninspect.inputs.preprocess import Recipe, takes

if TYPE_CHECKING:
    from bninspect.graph import Graph
    from bninspect.inputs.data.source import Source
    from bninspect.inputs.pictures import Pictures
    from bninspect.inputs.placeholders import Placeholder
    from bninspect.inputs.request import Request


def open_elements(request: Request) -> Data:
    """The images or the data of the request, in the order in which they are run: as named and sorted, or as
    the seed shuffles them. Raises InputError.
    """
    if request.images:
        files = images.find(request.images)
        for file in files:
            images.refuse_foreign(file)
        data = Data(source=ImageFiles(files), inputs={ALONE: None})
    else:
        data = open_data(request.data)
    return Data(source=_ordered(data.source, request), inputs=data.inputs)


def _ordered(source: Source, request: Request) -> Source:
    order = np.arange(source.count)
    if request.shuffle:
        order = np.random.default_rng(request.seed).permutation(source.count)
    order = order[: request.first]
    if request.spread is not None:
        order = order[np.arange(request.spread) * len(order) // request.spread]
    return source if np.array_equal(order, np.arange(source.count)) else Ordered(source, order.tolist())


def elements_for(graph: Graph, place: Placeholder, source: Source, field: str, request: Request) -> Pictures:
    """The elements of this input's batch, as the first value of the field has them.

    Raises InputError where the input cannot take them.
    """
    if place.dtype == "string":
        return Encoded(source, field, one=not place.shape)
    value = source.values(0)[field]
    rank = None if place.shape is None else len(place.shape)
    if isinstance(value, bytes) or (is_image(value) and rank in (None, 4)):
        return Images(source, field, _recipe(graph, place, request))
    return Rows(source, field, place)


def random_elements(graph: Graph, place: Placeholder, request: Request) -> Pictures:
    """So many random elements. Raises InputError for encoded files, and where sizes are free."""
    if place.dtype == "string":
        raise InputError(f"{place} takes encoded images: --random has none; add --image FILE")
    count = int(request.random or 0)
    if place.shape is not None and len(place.shape) != 4:
        return RandomValues(count, request.seed, place)
    recipe = _recipe(graph, place, request)
    if recipe.size is None:
        raise InputError(f"{place} leaves height and width free: --random needs --size HxW")
    return RandomImages(count, request.seed, recipe)


def _recipe(graph: Graph, place: Placeholder, request: Request) -> Recipe:
    """How pixels become an element of this input. Raises InputError where they cannot."""
    if place.shape is not None and len(place.shape) != 4:
        raise InputError(
            f"{place} takes no images, which have rank 4: feed it with --feed {place.name}=@values.npy"
        )
    order = layout(graph, place)
    _, *rest = place.shape or (None,) * 4
    height, width, channels = rest if order == "NHWC" else (*rest[1:], rest[0])
    channels = 3 if channels is None else channels
    if channels not in (1, 3, 4):
        raise InputError(
            f"{place} takes {channels} channels, and an image has 1, 3 or 4: feed it with --feed "
            f"{place.name}=@values.npy"
        )
    if not takes(request.preprocess, channels):
        raise InputError(f"--preprocess {request.preprocess} needs 3 channels, and {place} takes {channels}")
    dtype = NUMPY[place.dtype]
    if dtype.kind not in "fiu":
        raise InputError(f"{place} takes no pixels: name another input with --input")
    if dtype.kind != "f" and request.preprocess != "raw":
        raise InputError(f"{place} takes whole numbers 0 to 255: leave out --preprocess {request.preprocess}")
    return Recipe(
        size=_size(place, height, width, request.size),
        channels=channels,
        layout=order,
        dtype=dtype,
        preset=request.preprocess,
        bgr=request.channels == "bgr" or (request.channels is None and request.preprocess == "caffe"),
        resize=request.resize,
    )


def _size(
    place: Placeholder, height: int | None, width: int | None, asked: tuple[int, int] | None
) -> tuple[int, int] | None:
    """(height, width) to resize to: the model's own, else as asked; None where both leave it free."""
    if asked is not None:
        if (height or asked[0], width or asked[1]) != asked:
            raise InputError(f"--size {asked[0]}x{asked[1]} does not fit {place}")
        return asked
    if height is not None and width is not None:
        return height, width
    if height is not None or width is not None:
        raise InputError(f"{place} leaves one side free: add --size {height or 'H'}x{width or 'W'}")
    return None
