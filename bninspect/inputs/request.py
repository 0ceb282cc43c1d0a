"""What one run feeds: images (or seeded random ones) cut into batches, and every other value asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import InputError
from bninspect.graph.search import reach
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs import feeds, images
from bninspect.inputs.pictures import Encoded, Files, RandomImages, RandomValues
from bninspect.inputs.placeholders import image_input, layout, placeholders, refuse_unfed
from bninspect.inputs.preprocess import Recipe, takes
from bninspect.options import Assignments, Channels, Checked, Count, Preprocess, Resize, Seed, Size, Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph, Node
    from bninspect.inputs.pictures import Pictures
    from bninspect.inputs.placeholders import Placeholder

    Feeds = dict[str, NDArray[Any]]

_LARGEST_BATCH = 32
"""Images of one batch where neither the model nor the user says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Checked):
    """What the user asked to be fed. Raises OptionError for a value that an option cannot have."""

    images: Texts = ()
    """Files, folders, globs."""
    random: Count | None = None
    """This many random images instead."""
    seed: Seed = 0
    """Of `random` and `shuffle`."""
    feeds: Assignments = ()
    """`NAME=VALUE` each: a number, a boolean or @file.npy for any other input."""
    shared: bool = False
    """Whether the feeds are those of several steps: what this one has no use for is left out, not refused."""
    input: str | None = None
    """The placeholder that takes the images, `name` or `name:0`; None finds it."""
    batch_size: Count | None = None
    """Images run together; None: all as large as they may be, and equal."""
    preprocess: Preprocess = "raw"
    """raw: 0..255, unit: 0..1, tf: -1..1, caffe and torch: by their channel means; auto: as fits the stored
    statistics of the first layer."""
    channels: Channels | None = None
    """rgb or bgr; None: bgr for the caffe preset, else rgb."""
    size: Size | None = None
    """(height, width) in pixels, or such as `224x224`; None: as the model has it."""
    resize: Resize = "stretch"
    """How images come to that size: stretch, crop (both sides alike) or pad (with black)."""
    shuffle: bool = False
    """Whether image files come in a random order, which the seed decides."""
    even: bool = True
    """Whether, where nobody says how large a batch is, all are made equal; else as large as they may be."""
    batches: Count | None = None
    """Only so many batches, from the first; None: all."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it names one by one: images, and arrays to feed."""
        given = (value for _, _, value in (feed.partition("=@") for feed in self.feeds) if value)
        return (*self.images, *given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything one run feeds, but for what decides the mode."""

    place: Placeholder | None
    """The image input; None where every input is fed by hand."""
    pictures: Pictures | None
    batch_size: int
    preset: str | None
    """None where the elements were not made by a preset: encoded files, random values of no image."""
    feeds: Feeds
    said: dict[str, float | bool | str]
    """What was fed by hand, as the report says it."""
    most_batches: int | None = None
    """None: as many as the images fill."""

    @property
    def names(self) -> frozenset[str]:
        """The tensors that are fed."""
        return frozenset((*self.feeds, *(() if self.place is None else (self.place.name,))))

    @property
    def count(self) -> int:
        """How many images are run; 0 where all is fed by hand."""
        count = 0 if self.pictures is None else self.pictures.count
        return count if self.most_batches is None else min(count, self.most_batches * self.batch_size)

    def batches(self) -> Iterator[Feeds]:
        """What to feed, batch by batch; one where all is fed by hand."""
        if self.place is None or self.pictures is None:
            yield self.feeds
            return
        for start in range(0, self.count, self.batch_size):
            stop = min(start + self.batch_size, self.count)
            yield {**self.feeds, self.place.name: self.pictures.batch(start, stop)}


def bind(
    graph: Graph,
    reached: Collection[Node],
    layers: Sequence[BatchNorm],
    request: Request,
    decided: Collection[str],
    later: Collection[Node] = (),
) -> Inputs:
    """What to feed for these nodes to run; `decided` are the names that the mode feeds. What later steps of
    the command run, the nodes `later`, may be fed as well.

    Raises InputError where something is missing, does not fit, or is fed that decides the mode.
    """
    arrays, said = feeds.parse(graph, request.feeds, shared=request.shared)
    useless = _useless({*reached, *later}, arrays, decided)
    if useless and not request.shared:
        raise InputError(next(iter(useless.values())))
    arrays = {name: array for name, array in arrays.items() if name not in useless}
    said = {name: value for name, value in said.items() if name not in useless}
    cut = {graph.node(name.rpartition(":")[0]) for name in arrays}
    candidates = [
        place for place in placeholders(graph, reached) if _is_read(graph, reached, place.tensor.node, cut)
    ]
    others = [place for place in candidates if place.name not in decided and place.name not in arrays]
    place = pictures = None
    if request.images or request.random is not None or request.input is not None:
        place = image_input(graph, others, layers, request.input, any_rank=not request.images)
        if place.name in arrays:
            raise InputError(f"--feed {place.name}: it takes the images; leave one of the two out")
    refuse_unfed(graph, _but_images(graph, others, layers, place), arrays)
    if place is not None:
        pictures = _pictures(graph, place, request)
    return Inputs(
        place=place,
        pictures=pictures,
        batch_size=1 if place is None or pictures is None else _batch_size(place, pictures.count, request),
        preset=request.preprocess if isinstance(pictures, Files | RandomImages) else None,
        feeds=arrays,
        said=said,
        most_batches=request.batches,
    )


def _useless(reached: Collection[Node], fed: Collection[str], decided: Collection[str]) -> dict[str, str]:
    """The names fed that would be overruled, or that nothing reads, and what to say of each."""
    names = {node.name for node in reached}
    told = {}
    for name in fed:
        if name in decided:
            told[name] = f"--feed {name}: it decides the mode, which is set already; leave it out"
        elif name.rpartition(":")[0] not in names:
            told[name] = f"--feed {name}: nothing that is compared depends on it; leave it out"
    return told


def _is_read(graph: Graph, reached: Collection[Node], node: Node, cut: Collection[Node]) -> bool:
    """Whether a way leads from the node to the end of what runs past the nodes that are fed."""

    def running(current: Node) -> list[Node]:
        return [use.node for use in graph.uses(current) if use.node in reached]

    past = reach([node], lambda current: () if current in cut and current is not node else running(current))
    return not cut or any((one is node or one not in cut) and not running(one) for one in past)


def _but_images(
    graph: Graph, others: Sequence[Placeholder], layers: Sequence[BatchNorm], place: Placeholder | None
) -> list[Placeholder]:
    """The placeholders that images do not serve. Raises InputError where there are images to ask for."""
    if place is not None:
        return [other for other in others if other.name != place.name]
    if any(not other.has_default for other in others):
        try:
            wanted = image_input(graph, others, layers, None)
        except InputError:
            return list(others)
        raise InputError(f"no image for {wanted}: add --image FILE, or --random 8 for a first look")
    return list(others)


def _pictures(graph: Graph, place: Placeholder, request: Request) -> Pictures:
    """Where the elements come from."""
    if request.images and request.random is not None:
        raise InputError("--image and --random: give one of the two")
    if not request.images and request.random is None:
        raise InputError(f"--input {place.name}: no image for it; add --image FILE, or --random 8")
    if place.dtype == "string":
        if not request.images:
            raise InputError(f"{place} takes encoded images: --random has none; add --image FILE")
        return Encoded(_files(request), one=not place.shape)
    if request.images:
        return Files(_files(request), _recipe(graph, place, request))
    count = int(request.random or 0)
    if place.shape is not None and len(place.shape) != 4:
        return RandomValues(count, request.seed, place)
    recipe = _recipe(graph, place, request)
    if recipe.size is None:
        raise InputError(f"{place} leaves height and width free: --random needs --size HxW")
    return RandomImages(count, request.seed, recipe)


def _files(request: Request) -> tuple[Path, ...]:
    """The image files in the order they are run: sorted, or as the seed shuffles them."""
    found = images.find(request.images)
    for file in found:
        images.refuse_foreign(file)
    if not request.shuffle:
        return found
    order = np.random.default_rng(request.seed).permutation(len(found))
    return tuple(found[index] for index in order)


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


def _batch_size(place: Placeholder, count: int, request: Request) -> int:
    """How many elements run together. Raises InputError where the model fixes a number that does not fit."""
    fixed = 1 if place.dtype == "string" and not place.shape else place.shape[0] if place.shape else None
    asked = request.batch_size
    if fixed is None:
        even = -(-count // -(-count // _LARGEST_BATCH)) if count else 1
        return asked or (even if request.even else _LARGEST_BATCH)
    if asked is not None and asked != fixed:
        raise InputError(f"--batch-size {asked} does not fit {place}, which takes {fixed} at a time")
    if count % fixed:
        raise InputError(f"{place} takes {fixed} images at a time, and {count} were given: give a multiple")
    return fixed
