"""What one layer's moments say of its stored statistics, and the arrays that `--save` writes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.sets import serving
from bninspect.errors import GraphDefError
from bninspect.graph.trace import stored_value
from bninspect.measure.facts import LayerMeasurement, Probe, ProbedLayer
from bninspect.statistics.staleness import staleness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graphdef import TensorValue
    from bninspect.inputs.inputs import Inputs
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.passes import Passes
    from bninspect.statistics.pooling import ImageMoments

    Floats = NDArray[np.float64]


def probed_layers(
    layers: Iterable[BatchNorm], both: BothModes, passes: Passes, images: int
) -> tuple[ProbedLayer, ...]:
    """The facts of each layer, given in graph order. `images` is how many were run; 0 where what was fed by
    hand is no image.
    """
    found = []
    fewest: int | None = None
    for layer in layers:
        parts = passes.moments.get((Mode.TRAINING, layer.name), [])
        values = [part.images * part.values for part in parts]
        here = min(values if fewest is None else [*values, fewest], default=None)
        one = _probed_layer(layer, both, passes, images, fewest)
        found.append(_single(one, alone=fewest == 1 or sum(values) == 1) if here == 1 else one)
        fewest = here
    return tuple(found)


def served_by(layers: Sequence[BatchNorm], inputs: Inputs, both: BothModes) -> tuple[BatchNorm, ...]:
    """The layers; one with several sets of moving statistics with the set that serves inference mode while
    this is fed, if that is known.
    """
    if not any(layer.sets for layer in layers):
        return tuple(layers)
    values = {source.name: value[Mode.INFERENCE] for source, value in both.sources.items()}
    values |= {name: array.item() for name, array in inputs.feeds.items() if array.size == 1}
    return tuple(serving(layer, values) for layer in layers)


def _single(one: ProbedLayer, *, alone: bool) -> ProbedLayer:
    """The layer marked as one whose modes cannot be compared; with no own verdict where it saw one value in
    all, or what a layer before it made of one.
    """
    own = one.own if one.own is None or not alone else replace(one.own, staleness=None)
    return replace(one, own=own, single=True)


def _probed_layer(
    layer: BatchNorm, both: BothModes, passes: Passes, images: int, fewest: int | None
) -> ProbedLayer:
    """The facts of one layer; `fewest` values of a channel had a layer before it in one batch."""
    held = layer.statistics.values
    mean, variance = (None, None) if held is None else held.numbers()
    own, deployed = (
        _measured(layer, passes.measured(mode, layer.name, images), mean, variance, before)
        for mode, before in ((Mode.TRAINING, fewest), (Mode.INFERENCE, None))
    )
    seen = own or deployed
    ways = [both.changes[mode][layer.name].what for mode in (Mode.TRAINING, Mode.INFERENCE)]
    sums = passes.gaps[layer.name]
    return ProbedLayer(
        layer=layer,
        values=None if seen is None else seen.moments.images * seen.moments.values,
        images=images or (None if seen is None else seen.moments.images),
        own=own,
        deployed=deployed,
        difference=sums.gap() if sums.size > 0 and "left" not in ways else None,
        moving_mean=mean,
        moving_variance=variance,
        training=ways[0],
        inference=ways[1],
    )


def arrays(layers: Iterable[ProbedLayer]) -> dict[str, NDArray[Any]]:
    """For `--save`, of each layer: `<layer>/moving_mean`, `<layer>/moving_variance`, and of both passes
    `<layer>/own/<what>` and `<layer>/deployed/<what>` with batch_mean, batch_variance, d and r.

    The own ones also stand under `<layer>/<what>`.
    """
    found: dict[str, NDArray[Any]] = {}
    for one in layers:
        name = one.layer.name
        stored = (("moving_mean", one.moving_mean), ("moving_variance", one.moving_variance))
        found |= {f"{name}/{what}": part for what, part in stored if part is not None}
        for scope, measured in (("own/", one.own), ("deployed/", one.deployed), ("", one.own)):
            if measured is None:
                continue
            pooled = measured.moments.pooled()
            found[f"{name}/{scope}batch_mean"] = pooled.mean
            found[f"{name}/{scope}batch_variance"] = pooled.variance
            if measured.staleness is not None:
                found[f"{name}/{scope}d"] = measured.staleness.d
                found[f"{name}/{scope}r"] = measured.staleness.r
    return found


def worst_first(found: Probe) -> Probe:
    """The probe with its layers by their own error, the largest first; those without one last. Of errors that
    the choice of images explains, which are 0, the largest measured one is first.
    """

    def score(one: ProbedLayer) -> tuple[float, ...]:
        own = one.own_staleness
        if own is None:
            return ()
        return float("inf") if own.score is None else own.score, own.mean_w2

    return replace(found, layers=tuple(sorted(found.layers, key=score, reverse=True)))


def _measured(
    layer: BatchNorm,
    moments: ImageMoments | None,
    mean: Floats | None,
    variance: Floats | None,
    fewest: int | None,
) -> LayerMeasurement | None:
    if moments is None:
        return None
    if mean is None or variance is None or not mean.shape == variance.shape == moments.mean.shape[1:]:
        return LayerMeasurement(moments=moments, staleness=None)
    gamma = stored_value(layer.gamma.node) if layer.gamma is not None else None
    scale = vector(gamma)
    if scale is not None and scale.size not in (1, mean.size):
        scale = None
    score = staleness(mean, variance, layer.epsilon, scale, moments, fewest)
    return LayerMeasurement(moments=moments, staleness=score)


def vector(value: TensorValue | None) -> Floats | None:
    """The values as a row in float64; None where there are none or they cannot be read."""
    if value is None:
        return None
    try:
        return value.numbers().ravel()
    except GraphDefError:
        return None
