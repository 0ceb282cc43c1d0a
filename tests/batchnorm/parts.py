"""Lines that tests of patterns share: an image, parameters, statistics, moments; and what a report says."""

from __future__ import annotations

from bninspect.batchnorm import BatchNorm, Report, inspect
from tests.batchnorm.text import graph

PARAMETERS = """
gamma = Const([1.5, 2.0, 0.5])
beta = Const([0.1, 0.2, 0.3])
mean = Const([0.5, -0.5, 0.25])
variance = Const([1.5, 2.5, 0.5])
epsilon = Const(0.001)
"""
IMAGE = "x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
PHASE = "phase = Placeholder(dtype=bool, shape=[])\n"
MOMENTS = """
axes = Const([0, 1, 2])
batch_mean = Mean(x, axes)
still = StopGradient(batch_mean)
difference = SquaredDifference(x, still)
batch_variance = Mean(difference, axes)
"""
STORED = IMAGE + PARAMETERS
BATCH = STORED + MOMENTS
EMPTY = "none = Const([])\n"


def report(text: str) -> Report:
    """What is found in these lines."""
    return inspect(graph(text))


def only_layer(text: str) -> BatchNorm:
    """The one layer in these lines, nothing else beside it."""
    found = report(text)
    assert (len(found.layers), found.lookalikes, found.unrecognised) == (1, (), ())
    return found.layers[0]


def reasons(text: str) -> list[str]:
    """Why what stands in these lines is no layer: of lookalikes `kind: reason`, of the others the reason."""
    found = report(text)
    assert found.layers == ()
    looks = [f"{lookalike.kind}: {lookalike.reason}" for lookalike in found.lookalikes]
    return looks + [unrecognised.reason for unrecognised in found.unrecognised]


def said(text: str) -> tuple[str, str | None, bool | None, str | None]:
    """(mode, source, training_when, what feeding nothing serves) of the one layer in these lines."""
    layer = only_layer(text)
    switch = layer.switch
    if switch is None:
        return layer.mode.value, None, None, None
    source = switch.predicate.source
    served = switch.served_by_default
    return (
        layer.mode.value,
        source.name if source else None,
        switch.training_when,
        served.value if served else None,
    )
