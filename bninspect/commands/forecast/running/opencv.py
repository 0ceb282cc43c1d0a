"""OpenCV's reader of frozen graphs. It takes no boolean: it decides by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.commands.forecast.running.converted import Converted, RefusedError, node_of

if TYPE_CHECKING:
    from bninspect.commands.forecast.running.converted import Array, Asked, Feeds


def convert(asked: Asked) -> Converted:
    """The network as OpenCV reads it. Raises what it raises."""
    import cv2

    network = cv2.dnn.readNetFromTensorflow(asked.path)
    taken = frozenset(
        node_of(name) for name, value in asked.feeds.items() if value.dtype.kind == "f" and value.ndim
    )
    if len(asked.outputs) > 1:
        raise RefusedError("several outputs, whose names OpenCV does not keep")

    def run(values: Feeds) -> list[Array]:
        for name, value in values.items():
            if node_of(name) in taken:
                network.setInput(_channels_first(value) if asked.channels_last else value, node_of(name))
        return [_channels_last(np.asarray(network.forward())) if asked.channels_last else network.forward()]

    return Converted(run, taken)


def _channels_first(value: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(value, -1, 1)) if value.ndim > 3 else value


def _channels_last(value: Array) -> Array:
    return np.moveaxis(value, 1, -1) if value.ndim > 3 else value
