"""Which preprocessing the first layer's stored statistics were made with: `--preprocess auto`.

Wrong scale, offset or order of colours shows at the first batch norm, and there only undisguised: that layer
undoes most of it for those behind. So its x is measured under every preset and set against its stored mean
and variance. W (see `statistics.staleness`) is the gap in *stored* standard deviations, and stays near 1
however much too small the input is; so presets are ranked by the gap in the narrower of both,

    gap = root mean square over the channels of min(max(W, W/r), MOST_GAP)

which a scale wrong by 255 makes large both ways. Where the stored statistics are a moving average on its way
(`statistics.average`), the average is first brought to its end: half-way statistics would else fit a preset
of half the scale. `presets` says which is the best, and whether it is clearly so.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.layer import State
from bninspect.graph.search import upstream
from bninspect.inputs.pictures import Images
from bninspect.inputs.preprocess import PRESETS, prepare, takes
from bninspect.measure.presets import PresetFit, PresetTrial, ranked
from bninspect.statistics import thresholds
from bninspect.statistics.average import average_fit
from bninspect.statistics.pooling import ImageMoments, concatenated
from bninspect.statistics.staleness import staleness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.batchnorm.layer import StoredStatistics
    from bninspect.graph import Tensor
    from bninspect.inputs.inputs import Inputs
    from bninspect.inputs.placeholders import Placeholder
    from bninspect.inputs.preprocess import Recipe
    from bninspect.statistics.staleness import Staleness

    Run = Callable[[Sequence[Tensor], Mapping[str, NDArray[Any]]], list[NDArray[Any]]]

_MOST_IMAGES = 16
"""How many images are measured under every preset."""
_ORDERS = ("rgb", "bgr")
_NO_IMAGES = "only images are prepared by presets"
_OF_ITS_OWN = "the model decodes and scales its images itself"
_WHOLE_PIXELS = "takes whole pixels 0 to 255, so that the model scales them itself"
_STATES = {
    State.INITIAL: "the statistics of {}, the first layer, are initial: any preset is as far from them",
    State.ABSENT: "{}, the first layer, has no stored statistics",
    State.UNREAD: "the statistics of {}, the first layer, are not in the graph",
    State.INVALID: "the statistics of {}, the first layer, are not finite, or negative",
}


def first_layer(report: Report, reads: Tensor) -> BatchNorm | None:
    """The first layer that sees this input behind no other batch norm; None where there is none."""
    for layer in report.layers:
        above = upstream((layer.x.node,), controls=False)
        if reads.node in above:
            return layer
    return None


def trial(report: Report, inputs: Inputs, run: Run) -> PresetTrial:
    """Every preset that the input can take, measured at the first layer. `run` runs the model in any mode.

    Raises InputError, RunError.
    """
    place, pictures = inputs.place, inputs.pictures
    if place is None or pictures is None:
        return PresetTrial(reason="the input was fed by hand, as it is")
    layer = first_layer(report, place.tensor)
    name = None if layer is None else layer.name
    if not isinstance(pictures, Images):
        return PresetTrial(layer=name, reason=_OF_ITS_OWN if place.dtype == "string" else _NO_IMAGES)
    if pictures.recipe.dtype.kind != "f":
        return PresetTrial(layer=name, reason=f"{place.name} {_WHOLE_PIXELS}")
    if layer is None:
        return PresetTrial(reason="no batch norm sees the image")
    stored, state = layer.statistics.values, layer.statistics.state
    if stored is None or state in _STATES:
        return PresetTrial(layer=name, reason=_STATES[state].format(name))
    return _tried(layer, stored, place, pictures, inputs, run)


def _tried(
    layer: BatchNorm, stored: StoredStatistics, place: Placeholder, pictures: Images, inputs: Inputs, run: Run
) -> PresetTrial:
    """Every preset of the pictures, measured at the layer."""
    count = min(pictures.count, _MOST_IMAGES)
    if place.shape and place.shape[0]:
        count = max(count // inputs.batch_size, 1) * inputs.batch_size
    pixels = [pictures.pixels(index) for index in range(count)]
    fits = []
    for recipe in _recipes(pictures.recipe):
        elements = np.stack([prepare(one, recipe) for one in pixels])
        parts = []
        for start in range(0, count, inputs.batch_size):
            batch = elements[start : start + inputs.batch_size]
            beside = inputs.rows(start, start + len(batch))
            (x,) = run([layer.x], {**inputs.feeds, **beside, place.name: batch})
            if x.ndim < 2 or x.shape[0] % len(batch):
                return PresetTrial(layer=layer.name, reason=f"what {layer.name} reads has no row per image")
            parts.append(_moments(x, layer, len(batch)))
        fits.append(_fit(layer, stored, recipe, concatenated(parts)))
    return ranked(layer.name, count, fits)


def _recipes(recipe: Recipe) -> Iterator[Recipe]:
    """Every preset, in both orders of colours where there are colours."""
    for preset in PRESETS:
        if takes(preset, recipe.channels):
            for order in _ORDERS if recipe.channels >= 3 else _ORDERS[:1]:
                yield replace(recipe, preset=preset, bgr=order == "bgr")


def _moments(x: NDArray[Any], layer: BatchNorm, count: int) -> ImageMoments:
    """The moments of each of `count` images, along the axes that have statistics of their own."""
    values = np.asarray(x, np.float64)
    kept = layer.kept_axes or ((1,) if layer.data_format == "NCHW" else (-1,))
    values = np.moveaxis(values, kept, range(-len(kept), 0))
    values = values.reshape(count, -1, prod(values.shape[-len(kept) :]))
    return ImageMoments.of(values.mean(axis=1), values.var(axis=1), values.shape[1])


def _fit(layer: BatchNorm, stored: StoredStatistics, recipe: Recipe, moments: ImageMoments) -> PresetFit:
    """How far what was measured is from the layer's stored statistics."""
    mean, variance = stored.numbers()
    found = staleness(mean, variance, layer.epsilon, None, moments)
    average = average_fit(mean, variance, moments.pooled())
    gap, share = _gap(found), 1.0
    if average is not None and average.holds and average.a >= thresholds.LEAST_SHARE:
        share = average.a
        start = (1 - share) * (average.start == "0/1")
        ended = staleness(mean / share, (variance - start) / share, layer.epsilon, None, moments)
        gap = min(gap, _gap(ended))
    with np.errstate(all="ignore"):
        w, r = float(np.sqrt(np.nanmean(found.w**2))), float(np.nanmedian(found.r))
    return PresetFit(
        preset=recipe.preset,
        channels="bgr" if recipe.bgr else "rgb",
        gap=gap,
        w=w,
        r=r,
        floor=found.mean_floor,
        share=share,
    )


def _gap(found: Staleness) -> float:
    """What presets are ranked by (see the head of this file)."""
    with np.errstate(all="ignore"):
        gaps = np.fmin(np.fmax(found.w, found.w / found.r), thresholds.MOST_GAP)
        return float(np.sqrt(np.nanmean(gaps * gaps)))
