"""Ghost batches: moments over groups of images, which stand on an axis of their own while they are taken.

x of shape (images, height, width, channels) is reshaped to (groups, images of a group, height, width,
channels), and the moments leave the first axis out; or the second of (images of a group, groups, height,
width, channels), as `virtual_batch_size` of tf.layers does. Group norm splits the channels instead; what
tells the two apart is that here as many values are kept apart as x has channels. Groups of one image are no
batches.

Source: Hoffer, Hubara & Soudry 2017, arXiv:1705.08741, "Ghost Batch Normalization".
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.site import batches_of
from bninspect.graph.ops import MERGES, SELECTS
from bninspect.graph.shapes import channels, rank, target_of
from bninspect.graph.trace import shape_of, value

if TYPE_CHECKING:
    from bninspect.batchnorm.recognition.formula import Match
    from bninspect.batchnorm.site import Site
    from bninspect.graph import Tensor

    Vectors = tuple[Tensor | None, ...]

_FIRST = 2
"""The axis of channels that come first, behind the groups and their images."""


class _Split(NamedTuple):
    """How all images of a batch stand in groups."""

    images: int | None
    """Of a group; -1 for as many as there are, None where they are computed."""
    data_format: str


def is_over_images(match: Match, axes: tuple[int, ...]) -> bool:
    """Whether moments over these axes of a reshaped x are taken over images: over part of its batch axis."""
    split = _split_of(match, axes)
    return split is not None and split.images != 1


def is_of_one_image(match: Match, axes: tuple[int, ...]) -> bool:
    """Whether the groups of which such moments are taken have one image each."""
    split = _split_of(match, axes)
    return split is not None and split.images == 1


def in_groups(site: Site) -> bool:
    """Whether the x of a site is split up into groups of images, by a Reshape of all of them."""
    batches = batches_of(site.mean_origin) if site.x.node.op == "Reshape" else ()
    vectors = site.gamma, site.beta, *_stored(site.mean)
    return any(one.of_x and _split(site.x, vectors, one.axes) is not None for one in batches)


def data_format_of_groups(match: Match, axes: tuple[int, ...]) -> str | None:
    """NHWC or NCHW, of moments that are taken of groups of images; None of others."""
    split = _split_of(match, axes)
    return None if split is None else split.data_format


def _split_of(match: Match, axes: tuple[int, ...]) -> _Split | None:
    if match.x.node.op != "Reshape":
        return None
    return _split(match.x, (*match.gamma, match.beta, *_stored(match.mean)), axes)


def _stored(mean: Tensor) -> tuple[Tensor, ...]:
    """The stored mean of what a conditional chooses from, or a mean that is stored."""
    chosen = value(mean)
    return chosen, *(map(value, chosen.node.inputs) if chosen.node.op in MERGES | SELECTS else ())


def _split(x: Tensor, vectors: Vectors, axes: tuple[int, ...]) -> _Split | None:
    """How a Reshape splits all images up, for moments over these axes; None where it does not. `vectors` have
    a value for each channel.
    """
    reshape = x.node
    sizes = target_of(reshape) or ()
    given = rank(reshape.inputs[0])
    kept = [axis for axis in range(len(sizes)) if axis not in {one % len(sizes) for one in axes}]
    if given is None or len(sizes) != given + 1 or len([axis for axis in kept if axis < _FIRST]) != 1:
        return None
    groups, *rest = kept
    if len(rest) != 1 or rest[0] not in (_FIRST, given):
        return None
    if groups == 1 and sizes[1] != -1:
        return None  # steps of a sequence, each with statistics of its own
    data_format = "NHWC" if rest[0] == given else "NCHW"
    size = sizes[rest[0]]
    if size not in _sizes(vectors, reshape.inputs[0], data_format):
        return None
    return _Split(images=sizes[1 - groups], data_format=data_format)


def _sizes(vectors: Vectors, x: Tensor, data_format: str) -> set[int]:
    """How many channels x has: by its parameters and stored statistics, and by what it is made with."""
    found = {made} if (made := channels(x, data_format)) else set()
    for tensor in vectors:
        shape = None if tensor is None else shape_of(value(tensor).node)
        if shape:
            found.add(prod(shape))
    return {size for size in found if size > 1}
