"""Probes made by hand: layers whose stored statistics are what a test says, against moments drawn by a seed.

The moments are those of images whose means lie a little apart, as real ones do; `staleness` judges them as it
judges measured ones. So a test states a fault and reads what is said of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import numpy as np

from bninspect.commands.probe.diagnosis import Diagnosis, diagnose
from bninspect.inputs.request import Request
from bninspect.measure.facts import (
    Gap,
    InputFact,
    LayerMeasurement,
    OutputDifference,
    Probe,
    ProbedLayer,
    Verification,
)
from bninspect.rules import Case
from bninspect.statistics.distance import Difference
from bninspect.statistics.pooling import ImageMoments
from bninspect.statistics.staleness import staleness
from tests.support.reports import layer, phase, predicate, report, statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.rules import Finding

    Floats = NDArray[np.float64]

CHANNELS = 16
BETWEEN = 0.02
"""Share of a channel's variance that lies between images."""
DECIDED = predicate(phase())


class Truth(NamedTuple):
    """What the images give a layer, shape (channels,) each."""

    mean: Floats
    variance: Floats


def truth(seed: int, scale: float = 1.0) -> Truth:
    """Means and variances as a convolution has them."""
    draw = np.random.default_rng(seed)
    return Truth(scale * draw.normal(0, 1, CHANNELS), scale**2 * draw.uniform(0.5, 3.0, CHANNELS))


def measured(given: Truth, images: int, seed: int) -> ImageMoments:
    """The moments of this many images."""
    draw = np.random.default_rng((seed, 1))
    spread = np.sqrt(BETWEEN * given.variance)
    mean = given.mean + spread * draw.normal(0, 1, (images, CHANNELS))
    variance = given.variance * (1 - BETWEEN) * draw.uniform(0.9, 1.1, (images, CHANNELS))
    return ImageMoments.of(mean, variance, 196)


def probed(
    name: str,
    seed: int,
    *,
    stored: Callable[[Truth], tuple[Any, Any]] = lambda given: (given.mean, given.variance),
    inherits: float = 0.0,
    images: int = 64,
    scale: float = 1.0,
    **changes: Any,
) -> ProbedLayer:
    """A layer with the statistics that `stored` makes of the truth; deployed, x is `inherits` of its standard
    deviation off."""
    given = truth(seed, scale)
    mean, variance = (np.broadcast_to(part, CHANNELS).astype(np.float64) for part in stored(given))
    facts = {"statistics": statistics(list(mean), list(variance)), "channels": CHANNELS, **changes}
    one = layer(name, decided=DECIDED, **facts)
    off = Truth(given.mean + inherits * np.sqrt(given.variance), given.variance)
    own, deployed = (
        LayerMeasurement(moments=moments, staleness=staleness(mean, variance, one.epsilon, None, moments))
        for moments in (measured(given, images, seed), measured(off, images, seed))
    )
    assert deployed.staleness is not None
    gap = float(deployed.staleness.score or 0.0)
    return ProbedLayer(
        layer=one,
        values=196 * images,
        images=images,
        own=own,
        deployed=deployed,
        difference=Gap(max_abs=4 * gap, rms=gap, relative_l2=gap),
        moving_mean=mean,
        moving_variance=variance,
    )


def output(relative: float, agreement: float | None = None, name: str = "logits:0") -> OutputDifference:
    """An output whose modes are this far apart."""
    difference = Difference(
        values=640,
        max_abs=3 * relative,
        mean_abs=0.5 * relative,
        rms=relative,
        relative_l2=relative,
        cosine=1 - relative / 10,
        top1_agreement=agreement,
    )
    return OutputDifference(name=name, difference=difference)


def difference(found: Probe) -> Difference:
    """Of the first output, whose values are real numbers."""
    told = found.outputs[0].difference
    assert told is not None
    return told


def probe(*layers: ProbedLayer, **changes: Any) -> Probe:
    """A probe of these layers."""
    images = (layers[0].images or 1) if layers else 1
    fact = InputFact(
        name="image:0",
        dtype="float32",
        shape=(images, 224, 224, 3),
        source=tuple(f"photos/{index}.jpg" for index in range(images)),
        preset="raw",
    )
    facts: dict[str, Any] = {
        "report": report(*(one.layer for one in layers)),
        "inputs": (fact,),
        "fed": {},
        "layers": layers,
        "outputs": (output(0.01),),
        "patches": (),
        "skipped": (),
        "ran": True,
        "decided": {"training:0": ("true", "false")},
        "verification": Verification(state="verified", max_abs=0.0),
    }
    return Probe(**{**facts, **changes})


def net(count: int = 6, images: int = 64, **of_all: Any) -> list[ProbedLayer]:
    """Healthy layers, unless `of_all` says otherwise."""
    return [probed(f"net/block{index}/bn", index, images=images, **of_all) for index in range(count)]


def codes(found: Probe) -> list[str]:
    """The codes of the diagnosis, in order."""
    return [one.code for one in wrong(found)]


def wrong(found: Probe) -> tuple[Finding, ...]:
    """What the judge says of it, run on images."""
    return diagnosis(found).findings


def diagnosis(found: Probe, layers: Collection[str] | None = None) -> Diagnosis:
    """The diagnosis of a probe of images."""
    with rewritable(found.report):
        request = Request(images=("photos",))
        case = Case(report=found.report, probe=found, momentum=found.momentum, request=request)
        return diagnose(case, layers)


@contextmanager
def rewritable(report: Report) -> Iterator[None]:
    """Until the block ends, strip and refresh do every layer of the report, and nothing is forecast: one that
    is made by hand stands in no graph that they could be tried on.
    """
    every = frozenset(layer.name for layer in report.layers)
    with (
        mock.patch("bninspect.rules.remedies.obstacle", return_value=None),
        mock.patch("bninspect.rules.remedies.fillable", return_value=every),
        mock.patch("bninspect.commands.report.facts.forecast", return_value=()),
    ):
        yield


def said(found: Sequence[Finding]) -> str:
    """All that the findings say."""
    return "\n".join(f"{one.message} {one.evidence} {one.fix}" for one in found)
