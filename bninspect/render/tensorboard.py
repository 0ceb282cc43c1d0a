"""Facts -> an event file of TensorBoard: the graph, own error and error as deployed over depth, and per layer
the histograms of moving and batch statistics.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.errors import GraphDefError
from bninspect.graphdef.events import Histogram, file_version, framed, graph, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.commands.report.facts import PageFacts
    from bninspect.measure.facts import LayerMeasurement, ProbedLayer

NAME = "events.out.tfevents.0000000000.bninspect"
"""TensorBoard looks for `tfevents` in the names of a folder."""


def event_file(facts: PageFacts) -> Iterator[bytes]:
    """The records of the file, in order."""
    yield framed(file_version())
    yield framed(graph(facts.report.graph.graphdef))
    probed = facts.probed
    for step, layer in enumerate(facts.report.layers):
        one = probed.get(layer.name)
        if one is not None and (scores := dict(_scores(one))):
            yield framed(numbers(scores, step))
        if held := dict(_statistics(layer, one)):
            yield framed(numbers(held))


def _scores(one: ProbedLayer) -> Iterator[tuple[str, float]]:
    """Over depth: the step is the number of the layer."""
    for tag, staleness in (("own_score", one.own_staleness), ("deployed_score", one.deployed_staleness)):
        if staleness is not None and staleness.score is not None and math.isfinite(staleness.score):
            yield tag, staleness.score


def _statistics(layer: BatchNorm, one: ProbedLayer | None) -> Iterator[tuple[str, Histogram]]:
    """Tags below the layer's name."""
    if layer.statistics.values is not None:
        try:
            mean, variance = layer.statistics.values.numbers()
        except GraphDefError:
            return
        yield f"{layer.name}/moving_mean", Histogram(values=mean)
        yield f"{layer.name}/moving_variance", Histogram(values=variance)
    if one is not None and one.own is not None:
        yield from _measured(layer.name, one.own)


def _measured(name: str, own: LayerMeasurement) -> Iterator[tuple[str, Histogram]]:
    pooled = own.moments.pooled()
    yield f"{name}/batch_mean", Histogram(values=pooled.mean)
    yield f"{name}/batch_variance", Histogram(values=pooled.variance)
