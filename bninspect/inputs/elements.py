"""The elements of a request: which inputs of a graph take them, and what they become there.

That is prepared images, encoded files, or rows as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.errors import InputError, SelectionError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import PLACEHOLDERS
from bninspect.graph.outputs import find_tensor
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs.data import images
from bninspect.inputs.data.files import ImageFiles, find_images
from bninspect.inputs.data.source import ALONE, Ordered, is_image
from bninspect.inputs.data.spec import Data, open_data
from bninspect.inputs.pictures import Encoded, Images, RandomImages, RandomValues, Rows
from bninspect.inputs.placeholders import image_input, layout, of
from bninspect.inputs.preprocess import Recipe, takes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph
    from bninspect.inputs.data.source import Source
    from bninspect.inputs.pictures import Pictures
    from bninspect.inputs.placeholders import Placeholder
    from bninspect.inputs.request import Request


@frozen_dataclass
class Elements:
    """The elements of a request, and the inputs of a graph that may take them."""

    graph: Graph
    layers: Sequence[BatchNorm]
    request: Request
    others: Sequence[Placeholder]
    """The inputs that run and are not fed by hand."""
    data: Data | None
    """None where the elements are random, or everything is fed by hand."""
    named: Mapping[str, Placeholder]
    """Field of the data -> the input that it names."""

    def place(self) -> Placeholder | None:
        """The input that the elements are counted by: that of the images, else the first that the data name;
        None where there are no elements. Raises InputError.
        """
        data, request = self.data, self.request
        if data is None and request.random is None and request.input is None:
            return None
        there = [place for place in self.named.values() if place in self.others]
        if data is not None and None not in data.inputs.values():
            if not there:
                raise InputError(
                    f"--data feeds {', '.join(data.fields)}, and nothing that is compared depends on it"
                )
            try:
                return image_input(self.graph, there, self.layers, request.input)
            except InputError:
                return there[0]
        rest = [place for place in self.others if place not in there]
        any_rank = data is None or not data.holds_images
        return image_input(self.graph, rest, self.layers, request.input, any_rank=any_rank)

    def places(self) -> tuple[Placeholder, ...]:
        """The inputs that take elements; first the one that they are counted by. Raises InputError."""
        place = self.place()
        return () if place is None else (place, *self.beside(place).values())

    def beside(self, place: Placeholder | None) -> dict[str, Placeholder]:
        """Field of the data -> the input that runs and takes it, but for `place`."""
        return {name: other for name, other in self.named.items() if other in self.others and other != place}

    def columns(self, place: Placeholder | None) -> tuple[tuple[Placeholder, Pictures], ...]:
        """Each input beside `place` that takes elements, and its rows. Raises InputError."""
        if self.data is None:
            return ()
        return tuple(
            (other, elements_for(self.graph, other, self.data.source, name, self.request))
            for name, other in self.beside(place).items()
        )

    def counted(self, place: Placeholder) -> Pictures:
        """The elements of `place`, by which all are counted. Raises InputError."""
        if self.data is not None:
            unnamed = next((name for name, wanted in self.data.inputs.items() if wanted is None), None)
            name = next((name for name, other in self.named.items() if other == place), unnamed)
            return elements_for(self.graph, place, self.data.source, str(name), self.request)
        if self.request.random is None:
            raise InputError(f"--input {place.name}: no image for it; add --image FILE, or --random 8")
        return random_elements(self.graph, place, self.request)


def elements(
    graph: Graph,
    others: Sequence[Placeholder],
    layers: Sequence[BatchNorm],
    request: Request,
    *,
    fed: Collection[str] = (),
    decided: Collection[str] = (),
) -> Elements:
    """What the request has for these inputs, beside what is fed by hand and what decides the mode. Raises
    InputError.
    """
    data = _data(request)
    named = {} if data is None else _named(graph, data, fed, decided)
    return Elements(graph=graph, layers=layers, request=request, others=others, data=data, named=named)


def _data(request: Request) -> Data | None:
    """What elements are read from; None where they are random, or everything is fed by hand."""
    given = [name for name, value in (("--image", request.images), ("--data", request.data)) if value]
    given += [] if request.random is None else ["--random"]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)}: give one of the two")
    return open_elements(request) if request.has_data else None


def _named(
    graph: Graph, data: Data, fed: Collection[str], decided: Collection[str]
) -> dict[str, Placeholder]:
    """Field -> the input that the data name for it. Raises InputError for one that there is not, and for one
    that is fed by hand, too, or decides the mode.
    """
    found = {}
    for field_name, name in data.inputs.items():
        if name is None:
            continue
        try:
            place = of(find_tensor(graph, name), graph.graphdef.producer)
        except SelectionError:
            there = ", ".join(node.name for node in graph if node.op in PLACEHOLDERS) or "none"
            raise InputError(f"--data holds {name}, which is no input of the model; it has {there}") from None
        if place.name in fed:
            raise InputError(f"--feed {place.name}: --data feeds it, too; leave one of the two out")
        if place.name in decided:
            raise InputError(
                f"--data feeds {place.name}, which decides the mode, and is set already; leave it out"
            )
        found[field_name] = place
    return found


def open_elements(request: Request) -> Data:
    """The images or the data of the request, in the order in which they are run: as named and sorted, or as
    the seed shuffles them. Raises InputError.
    """
    if request.images:
        files = find_images(request.images)
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
