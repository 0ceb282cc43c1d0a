"""Faults of known name put into a frozen network, by editing the constants that hold its statistics.

A fault is a function of one layer's statistics; every node but the constants it changes stays byte for byte
the same. So it is known which layer is at fault, and with what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.graphdef import load, read
from bninspect.graphdef.writer import rewritten, serialized

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Stored statistics of one layer, shape (channels,) each."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def never_updated(stored: Stored) -> Stored:
    """Still where a layer's variables start: 0 and 1."""
    return Stored(np.zeros_like(stored.mean), np.ones_like(stored.variance))


def widened(stored: Stored) -> Stored:
    """The variance four times too large: activations count half of what they should."""
    return Stored(stored.mean, stored.variance * 4)


def narrowed(stored: Stored) -> Stored:
    """The variance four times too small."""
    return Stored(stored.mean, stored.variance / 4)


def shifted(stored: Stored) -> Stored:
    """The mean off by one standard deviation, this way and that."""
    signs = np.where(np.arange(len(stored.mean)) % 2, -1, 1)
    return Stored(stored.mean + signs * np.sqrt(stored.variance), stored.variance)


def rescaled(stored: Stored) -> Stored:
    """Of inputs three times as large, as after a change of the input's scale."""
    return Stored(stored.mean * 3, stored.variance * 9)


def not_a_number(stored: Stored) -> Stored:
    """NaN in one channel of the mean."""
    mean = stored.mean.copy()
    mean[len(mean) // 2] = np.nan
    return Stored(mean, stored.variance)


def negative(stored: Stored) -> Stored:
    """One channel's variance below 0."""
    variance = stored.variance.copy()
    variance[len(variance) // 2] *= -1
    return Stored(stored.mean, variance)


def collapsed(stored: Stored) -> Stored:
    """One channel's variance 0, as of a channel that was dead in training."""
    variance = stored.variance.copy()
    variance[len(variance) // 2] = 0
    return Stored(stored.mean, variance)


STALE: dict[str, Callable[[Stored], Stored]] = {
    "never updated": never_updated,
    "widened": widened,
    "narrowed": narrowed,
    "shifted": shifted,
    "rescaled": rescaled,
}
"""Faults of plausible statistics: only images tell, but for the first."""
INVALID: dict[str, Callable[[Stored], Stored]] = {
    "not a number": not_a_number,
    "negative variance": negative,
    "collapsed channel": collapsed,
}
"""Faults that the values alone tell."""


def statistics(path: Path) -> dict[str, Stored]:
    """What a model stores, by layer, in graph order."""
    found = {}
    for layer in inspect(load(str(path))).layers:
        mean, variance = layer.statistics.mean, layer.statistics.variance
        assert mean is not None
        assert variance is not None
        found[layer.name] = Stored(mean.array().astype(np.float64), variance.array().astype(np.float64))
    return found


def inject(source: Path, target: Path, fault: Callable[[Stored], Stored], *layers: str) -> Path:
    """Writes the model with a fault in these layers, in all of them where none is named."""
    stored = statistics(source)
    return write(source, target, {layer: fault(stored[layer]) for layer in layers or stored})


def swap(source: Path, target: Path, one: str, other: str) -> Path:
    """Writes the model with the statistics of two layers of one size exchanged."""
    stored = statistics(source)
    return write(source, target, {one: stored[other], other: stored[one]})


def write(source: Path, target: Path, given: Mapping[str, Stored]) -> Path:
    """Writes the model with these statistics, of any size, in these layers."""
    values: dict[str, NDArray[np.float32]] = {}
    for layer in inspect(load(str(source))).layers:
        if layer.name in given:
            assert layer.moving_mean is not None
            assert layer.moving_variance is not None
            values[layer.moving_mean.node.name] = given[layer.name].mean.astype(np.float32)
            values[layer.moving_variance.node.name] = given[layer.name].variance.astype(np.float32)
    assert len(values) == 2 * len(given), f"{sorted(given)}: not all of them are layers of {source}"
    graphdef = read(str(source))
    nodes = tuple(
        rewritten(node, name=node.name, inputs=node.inputs, attributes={"value": values[node.name]})
        if node.name in values
        else node
        for node in graphdef.nodes
    )
    target.write_bytes(serialized(replace(graphdef, nodes=nodes)))
    return target
