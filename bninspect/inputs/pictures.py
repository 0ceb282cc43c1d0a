"""Where the elements of an input's batch come from: images, encoded files, arrays, or a seeded generator.

A batch is made when it is run, so that a folder of a hundred thousand images costs the memory of one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bninspect.errors import InputError
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs.data import images
from bninspect.inputs.data.source import is_image
from bninspect.inputs.feeds import fits
from bninspect.inputs.memory import refuse_large
from bninspect.inputs.preprocess import Recipe, prepare, sized
from bninspect.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.inputs.data.source import Source
    from bninspect.inputs.placeholders import Placeholder


class Pictures(Protocol):
    """Where the elements of the batch of one input come from."""

    names: tuple[str, ...]
    """What the report calls their source."""
    count: int

    @property
    def recipe(self) -> Recipe | None:
        """How pixels become an element; None where the elements are no pixels that were prepared."""
        ...

    @property
    def drawn(self) -> bool:
        """Whether the elements are random."""
        ...

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        """Elements start to stop, as the input takes them. Raises InputError, RunError."""
        ...

    def photo(self) -> NDArray[Any] | None:
        """The first element for a person, (height, width, 1 to 4 channels), 0 to 255, in RGB, as large as the
        model takes it; None if it is no photograph. Raises as `batch`.
        """
        ...


class Images:
    """The images of a source, decoded and prepared when their batch comes."""

    drawn = False

    def __init__(self, source: Source, field: str, recipe: Recipe) -> None:
        self.names = _names(source)
        self.count = source.count
        self.recipe = recipe
        self._source = source
        self._field = field
        self._shape: tuple[int, ...] | None = None

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        elements = []
        for number in range(start, stop):
            step("reading images", number - start, stop - start)
            elements.append(self._element(number))
        return np.stack(elements)

    def pixels(self, index: int) -> NDArray[Any]:
        """One image before its preset: channels and size as the model takes them, 0 to 255, RGB."""
        return sized(_decoded(self._source, index, self._field), self.recipe)

    def photo(self) -> NDArray[Any] | None:
        return self.pixels(0)

    def _element(self, index: int) -> NDArray[Any]:
        element = prepare(_decoded(self._source, index, self._field), self.recipe)
        if self._shape not in (None, element.shape):
            raise InputError(
                f"the images differ in size ({self.names[index]} is {list(element.shape)}, {self.names[0]} "
                f"is {list(self._shape or ())}), and the model leaves it free: add --size HxW"
            )
        self._shape = element.shape
        return element


class Encoded:
    """Files as they are, for a model that decodes them: one by one, or as a vector of strings."""

    recipe = None
    drawn = False

    def __init__(self, source: Source, field: str, *, one: bool) -> None:
        self.names = _names(source)
        self.count = source.count
        self._source = source
        self._field = field
        self._one = one

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        data = [self._bytes(index) for index in range(start, stop)]
        return np.array(data[0] if self._one else data, dtype=object)

    def photo(self) -> NDArray[Any] | None:
        data = self._bytes(0)
        return None if images.kind(data) is None else images.decode(data, self.names[0])

    def _bytes(self, index: int) -> bytes:
        value = self._source.values(index)[self._field]
        if not isinstance(value, bytes):
            raise InputError(f"{self.names[index]} holds numbers, and the input takes encoded files")
        return value


class Rows:
    """Arrays that are fed as they are: a row of the input's batch each."""

    recipe = None
    drawn = False

    def __init__(self, source: Source, field: str, place: Placeholder) -> None:
        self.names = _names(source)
        self.count = source.count
        self._source = source
        self._field = field
        self._place = place
        self._dtype = NUMPY[place.dtype]

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        return np.stack([self._row(index) for index in range(start, stop)])

    def photo(self) -> NDArray[Any] | None:
        return None

    def _row(self, index: int) -> NDArray[Any]:
        value = self._source.values(index)[self._field]
        if isinstance(value, bytes):
            raise InputError(f"{self.names[index]} holds bytes, and {self._place} takes numbers")
        if self._dtype.kind == "O" or not np.can_cast(value.dtype, self._dtype, "same_kind"):
            raise InputError(
                f"{self.names[index]} holds {value.dtype}, and {self._place} takes {self._place.dtype}"
            )
        wanted = None if self._place.shape is None else self._place.shape[1:]
        if wanted == () and value.shape == (1,):
            value = value.reshape(())
        if self._place.shape == () or not fits(value.shape, wanted):
            shape = list(value.shape)
            raise InputError(f"{self.names[index]} has shape {shape}, which is no row of {self._place}")
        return value.astype(self._dtype)


def _names(source: Source) -> tuple[str, ...]:
    return tuple(source.name(index) for index in range(source.count))


def _decoded(source: Source, index: int, field: str) -> NDArray[Any]:
    """The pixels of an element, (height, width, channels), 0 to 255. Raises InputError for what has none."""
    value = source.values(index)[field]
    if isinstance(value, bytes):
        images.refuse_other(value, source.name(index))
        return images.decode(value, source.name(index))
    if not is_image(value):
        found = f"{value.dtype} of shape {list(value.shape)}"
        raise InputError(f"{source.name(index)} is no image as those before it are, but {found}")
    return value


class RandomImages:
    """Images of independent uniform pixels 0 to 255, prepared as decoded ones are."""

    drawn = True

    def __init__(self, count: int, seed: int, recipe: Recipe) -> None:
        self.names: tuple[str, ...] = (f"random, seed {seed}",)
        self.count = count
        self._seed = seed
        self._size = recipe.size or (1, 1)
        self.recipe = recipe
        refuse_large("a random image", (1, *self._size, recipe.channels))

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        refuse_large("a batch of random images", (stop - start, *self._size, self.recipe.channels))
        return np.stack([self._element(index) for index in range(start, stop)])

    def photo(self) -> NDArray[Any] | None:
        return None

    def _element(self, index: int) -> NDArray[Any]:
        shape = (*self._size, self.recipe.channels)
        pixels = np.random.default_rng((self._seed, index)).integers(0, 256, shape)
        return prepare(pixels.astype(np.uint8), self.recipe)


class RandomValues:
    """Independent standard normal values for an input that is no image."""

    recipe = None
    drawn = True

    def __init__(self, count: int, seed: int, place: Placeholder) -> None:
        sizes = (place.shape or ())[1:]
        if not place.shape or None in sizes or NUMPY[place.dtype].kind != "f":
            raise InputError(f"--random cannot fill {place}: feed it with --feed {place.name}=@values.npy")
        self.names: tuple[str, ...] = (f"random, seed {seed}",)
        self.count = count
        self._seed = seed
        self._shape = tuple(size or 0 for size in sizes)
        self._dtype = NUMPY[place.dtype]
        refuse_large(place.name, (1, *self._shape))

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        refuse_large("a batch of random values", (stop - start, *self._shape))
        generators = (np.random.default_rng((self._seed, index)) for index in range(start, stop))
        return np.stack(
            [generator.standard_normal(self._shape).astype(self._dtype) for generator in generators]
        )

    def photo(self) -> NDArray[Any] | None:
        return None
