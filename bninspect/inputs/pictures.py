"""Where the elements of an image input's batch come from: files, encoded files, or a seeded generator.

A batch is made when it is run, so that a folder of a hundred thousand images costs the memory of one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bninspect.errors import InputError
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs import images
from bninspect.inputs.memory import refuse_large
from bninspect.inputs.preprocess import Recipe, prepare, sized
from bninspect.steps import step

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.inputs.placeholders import Placeholder


class Pictures(Protocol):
    """Where the elements of the image input's batch come from."""

    names: tuple[str, ...]
    """What the report calls their source."""
    count: int

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        """Elements start to stop, as the input takes them. Raises InputError, RunError."""
        ...

    def photo(self) -> NDArray[Any] | None:
        """The first element for a person, (height, width, 1 to 4 channels), 0 to 255, in RGB, as large as the
        model takes it; None if it is no photograph. Raises as `batch`.
        """
        ...


class Files:
    """Image files, decoded and prepared when their batch comes."""

    def __init__(self, files: tuple[Path, ...], recipe: Recipe) -> None:
        self.names = tuple(str(file) for file in files)
        self.count = len(files)
        self.files = files
        self.recipe = recipe
        self._shape: tuple[int, ...] | None = None

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        elements = []
        for number, file in enumerate(self.files[start:stop]):
            step("reading images", number, stop - start)
            elements.append(self._element(file))
        return np.stack(elements)

    def photo(self) -> NDArray[Any] | None:
        return sized(images.decode(images.read(self.files[0]), self.files[0]), self.recipe)

    def _element(self, file: Path) -> NDArray[Any]:
        element = prepare(images.decode(images.read(file), file), self.recipe)
        if self._shape not in (None, element.shape):
            raise InputError(
                f"the images differ in size ({file} is {list(element.shape)}, {self.names[0]} is "
                f"{list(self._shape or ())}), and the model leaves it free: add --size HxW"
            )
        self._shape = element.shape
        return element


class Encoded:
    """Image files as they are, for a model that decodes them: one by one, or as a vector of strings."""

    def __init__(self, files: tuple[Path, ...], *, one: bool) -> None:
        self.names = tuple(str(file) for file in files)
        self.count = len(files)
        self._files = files
        self._one = one

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        data = [images.read(file) for file in self._files[start:stop]]
        return np.array(data[0] if self._one else data, dtype=object)

    def photo(self) -> NDArray[Any] | None:
        return images.decode(images.read(self._files[0]), self._files[0])


class RandomImages:
    """Images of independent uniform pixels 0 to 255, prepared as decoded ones are."""

    def __init__(self, count: int, seed: int, recipe: Recipe) -> None:
        self.names: tuple[str, ...] = (f"random, seed {seed}",)
        self.count = count
        self._seed = seed
        self._size = recipe.size or (1, 1)
        self.recipe = recipe

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

    def __init__(self, count: int, seed: int, place: Placeholder) -> None:
        sizes = (place.shape or ())[1:]
        if not place.shape or None in sizes or NUMPY[place.dtype].kind != "f":
            raise InputError(f"--random cannot fill {place}: feed it with --feed {place.name}=@values.npy")
        self.names: tuple[str, ...] = (f"random, seed {seed}",)
        self.count = count
        self._seed = seed
        self._shape = tuple(size or 0 for size in sizes)
        self._dtype = NUMPY[place.dtype]

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        refuse_large("a batch of random values", (stop - start, *self._shape))
        generators = (np.random.default_rng((self._seed, index)) for index in range(start, stop))
        return np.stack(
            [generator.standard_normal(self._shape).astype(self._dtype) for generator in generators]
        )

    def photo(self) -> NDArray[Any] | None:
        return None
