"""Ghost batches: moments over groups of images, which stand on an axis of their own while they are taken.

x of shape (images, height, width, channels) is reshaped to (groups, images of a group, height, width,
channels), and the moments leave the first axis out. Group norm splits the channels instead; what tells the
two apart is that here as many values are kept apart as x has channels. Groups of one image are no batches.

Source: Hoffer, Hubara & Soudry 2017, arXiv:1705.08741, "Ghost Batch Normalization".
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from bninspect.batchnorm.site import Batch
from bninspect.graph.shapes import rank, target_of
from bninspect.graph.trace import same, shape_of, value

if TYPE_CHECKING:
    from bninspect.batchnorm.recognition.formula import Match
    from bninspect.batchnorm.site import Site
    from bninspect.graph import Tensor

_CONVOLUTIONS = frozenset({"Conv2D", "Conv3D", "MatMul"})


def is_over_images(match: Match, axes: tuple[int, ...]) -> bool:
    """Whether moments over these axes of a reshaped x are taken over images: over part of its batch axis."""
    reshape = match.x.node
    if reshape.op != "Reshape":
        return False
    sizes = target_of(reshape) or ()
    given = rank(reshape.inputs[0])
    kept = [axis for axis in range(len(sizes)) if axis not in {one % len(sizes) for one in axes}]
    if given is None or len(sizes) != given + 1 or kept not in ([0, 2], [0, given]) or sizes[1] == 1:
        return False
    return sizes[kept[1]] in _channels(match, reshape.inputs[0])


def in_groups(site: Site) -> bool:
    """Whether the x of a site is split up into groups of images, by a Reshape of all of them."""
    origin = site.mean_origin
    return isinstance(origin, Batch) and origin.of_x and 0 not in origin.axes and site.x.node.op == "Reshape"


def _channels(match: Match, x: Tensor) -> set[int]:
    """How many channels x has: by its parameters, and by the weights it is made with."""
    found = set()
    for tensor in (*match.gamma, *(() if match.beta is None else (match.beta,))):
        shape = shape_of(value(tensor).node)
        if shape:
            found.add(prod(shape))
    maker = same(x).node
    weights = shape_of(value(maker.inputs[1]).node) if maker.op in _CONVOLUTIONS else None
    if weights:
        found.add(weights[-1])
    return {size for size in found if size > 1}
