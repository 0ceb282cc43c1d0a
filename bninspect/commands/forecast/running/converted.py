"""What a converter made, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Feeds = Mapping[str, "Array"]
"""Tensor name (`image:0`) -> what is fed."""


@frozen_dataclass
class Asked:
    """What is to be converted."""

    path: str
    """Of a frozen graph."""
    feeds: Feeds
    """Of one round: they say the shapes."""
    outputs: Sequence[str]
    """Tensor names."""
    channels_last: bool
    """Whether the channels of an image are its last axis."""


class RefusedError(Exception):
    """The converter does not take the model."""


class UnknownOpError(Exception):
    """The converter takes the model, and what it made cannot be run here."""


class Converted(NamedTuple):
    """A converted model."""

    run: Callable[[Feeds], list[Array]]
    """Its outputs, in the order they were asked for, with the layout of TensorFlow; what it no longer takes
    is left out of the feeds."""
    inputs: frozenset[str]
    """Names of what it takes, as the nodes of the original are called."""


def node_of(tensor: str) -> str:
    """`image` of `image:0`."""
    return tensor.rpartition(":")[0] or tensor
