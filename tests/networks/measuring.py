"""What a probe should measure, the long way: every layer's x fetched whole, its moments by NumPy in float64.

The graph is specialized by the product and run by its session; the moments are not the product's. So this is
the reference for `probe`, which fetches moments alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.graphdef.writer import serialized
from bninspect.rewrite import specialize
from bninspect.rewrite.strip import strip
from bninspect.run.session import Session
from bninspect.statistics.pooling import ImageMoments, concatenated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.batchnorm import Mode
    from bninspect.graph import Tensor
    from tests.networks.digits import Digits
    from tests.networks.faults import Stored


def moments(
    path: Path, mode: Mode, images: NDArray[np.float32], batch: int | None = None
) -> dict[str, ImageMoments]:
    """The moments of every layer's x, by layer in graph order, with all layers in one mode.

    The images run in batches of `batch`, all in one where it is None.
    """
    report = inspect(load(str(path)))
    places = [layer.x for layer in report.layers]
    pruned = specialize(report, mode).pruned(places)
    fetches = [pruned.names[place] for place in places]
    batch = batch or len(images)
    with Session(serialized(pruned.graphdef)) as session:
        parts = [
            [_of(x) for x in session.run(fetches, {"image:0": images[start : start + batch]})]
            for start in range(0, len(images), batch)
        ]
    return {
        layer.name: concatenated(of_batches)
        for layer, of_batches in zip(report.layers, _by_layer(parts), strict=True)
    }


class Serving:
    """A network in inference mode, in one session: whatever its statistics are, they are fed."""

    def __init__(self, path: Path) -> None:
        report = inspect(load(str(path)), outputs=("logits",))
        self._names = {
            layer.name: (_fed(layer.moving_mean), _fed(layer.moving_variance)) for layer in report.layers
        }
        self._session = Session(serialized(strip(report).pruned.graphdef))

    def right(self, test: Digits, statistics: Mapping[str, Stored]) -> int:
        """How many of the test images it tells right with these statistics of its layers."""
        feeds: dict[str, NDArray[Any]] = {"image:0": test.images}
        for layer, stored in statistics.items():
            for name, values in zip(self._names[layer], (stored.mean, stored.variance), strict=True):
                feeds[name] = values.astype(np.float32)
        (logits,) = self._session.run(["logits:0"], feeds)
        return int((logits.argmax(axis=1) == test.labels).sum())


def _fed(place: Tensor | None) -> str:
    assert place is not None
    return place.name


def part(moments: Mapping[str, ImageMoments], start: int, count: int) -> dict[str, ImageMoments]:
    """The same of `count` of the images."""
    rows = slice(start, start + count)
    return {
        name: ImageMoments.of(of.mean[rows], of.variance[rows], of.values) for name, of in moments.items()
    }


def _by_layer(parts: Sequence[Sequence[ImageMoments]]) -> list[tuple[ImageMoments, ...]]:
    """Batches of layers -> layers of batches."""
    return list(zip(*parts, strict=True))


def _of(x: NDArray[np.float32]) -> ImageMoments:
    """The moments of each image of [images, height, width, channels]."""
    values = x.astype(np.float64).reshape(len(x), -1, x.shape[-1])
    return ImageMoments.of(values.mean(axis=1), values.var(axis=1), values.shape[1])
