"""What TensorFlow says of a network in both modes, and NumPy of what its batch norms read.

Moments are taken by NumPy in float64 of the x that TensorFlow gives.
"""

from typing import Any, Collection, Dict, List, NamedTuple, Tuple

import numpy as np

from tests.generated.building import values
from tests.generated.building.designs import build
from tests.generated.building.net import Net, Norm
from tests.generated.building.tensorflow1 import new_graph, session

Arrays = Dict[str, Any]


class Reading(NamedTuple):
    """A network in one mode, run on every batch."""

    outputs: List[Any]
    """Of all batches together."""
    moments: List[Any]
    """Of each batch norm the mean and variance of each batch, (batches, 2, channels); None in a loop."""
    results: List[Any]
    """Of each batch norm its output, of all batches together; None in a loop."""


class Oracle:
    """Both modes of the network of a seed."""

    def __init__(self, seed: int, functions: bool, resources: bool) -> None:
        self._given = seed, functions, resources
        with new_graph(functions, resources) as graph:
            net = build(seed, "training")
            with session(graph) as running:
                values.assign(running, seed, {})
                self._training = _read(running, net, values.batches(seed, net))
        self._pooled = pool(net, self._training)
        self.statistics = _stored(seed, net, self._pooled)
        """The stored (mean, variance) of each batch norm, by its place."""

    def arrays(self, absent: Collection[int]) -> Arrays:
        """All numbers: both modes, and the inference mode after a refresh. `absent` as `Net` has it."""
        seed, *how = self._given
        statistics, pooled = self.statistics, self._pooled
        with new_graph(*how) as graph:
            net = build(seed, "inference", absent)
            with session(graph) as running:
                values.assign(running, seed, by_variable(net, statistics))
                inference = _read(running, net, values.batches(seed, net))
                refreshed = [old if new is None else new for old, new in zip(statistics, pooled)]
                values.assign(running, seed, by_variable(net, refreshed))
                after = _read(running, net, values.batches(seed, net))
        found: Arrays = {}
        for name, reading in (("training", self._training), ("inference", inference), ("refreshed", after)):
            found.update({"%s/%d" % (name, at): output for at, output in enumerate(reading.outputs)})
        for at in range(len(net.norms)):
            found.update(_of_norm("norm/%d" % at, at, statistics, pooled, self._training, inference))
        return found


def _of_norm(
    name: str, at: int, statistics: Any, pooled: Any, training: Reading, inference: Reading
) -> Arrays:
    found = {name + "/mean": statistics[at][0], name + "/variance": statistics[at][1]}
    if training.moments[at] is None:
        return found
    found[name + "/refreshed"] = np.stack(pooled[at])
    found[name + "/own"] = np.stack(merged(training.moments[at]))
    found[name + "/deployed"] = np.stack(merged(inference.moments[at]))
    gap = inference.results[at].astype(np.float64) - training.results[at]
    found[name + "/gap"] = np.array([np.abs(gap).max(), np.sqrt((gap**2).mean())])
    return found


def _read(running: Any, net: Net, batches: List[Arrays]) -> Reading:
    seen = [norm for norm in net.norms if not norm.loop]
    wanted = [net.outputs, [norm.x for norm in seen], [norm.y for norm in seen]]
    runs = [running.run(wanted, {name + ":0": value for name, value in batch.items()}) for batch in batches]
    outputs = [np.concatenate([run[0][at] for run in runs]) for at in range(len(net.outputs))]
    moments: List[Any] = [None] * len(net.norms)
    results: List[Any] = [None] * len(net.norms)
    for at, norm in enumerate(seen):
        place = net.norms.index(norm)
        moments[place] = np.stack([moments_of(run[1][at], norm.axis) for run in runs])
        results[place] = np.concatenate([run[2][at] for run in runs])
    return Reading(outputs, moments, results)


def moments_of(x: Any, axis: int) -> Any:
    """Mean and biased variance over all axes but one, (2, channels), float64."""
    rows = np.moveaxis(np.asarray(x, np.float64), axis, -1).reshape(-1, x.shape[axis])
    return np.stack([rows.mean(0), rows.var(0)])


def merged(moments: Any) -> Tuple[Any, Any]:
    """Mean and variance of equal batches together: the mean of variances and the variance of means."""
    return moments[:, 0].mean(0), moments[:, 1].mean(0) + moments[:, 0].var(0)


def pool(net: Net, training: Reading) -> List[Any]:
    """Moments of each batch norm over all batches and all calls of its variables; None in a loop."""
    found: List[Any] = []
    for norm in net.norms:
        calls = [moments for other, moments in zip(net.norms, training.moments) if other.mean == norm.mean]
        found.append(None if calls[0] is None else merged(np.concatenate(calls)))
    return found


def _stored(seed: int, net: Net, pooled: List[Any]) -> List[Tuple[Any, Any]]:
    """What looks trained, by the place of the batch norm."""
    found = []
    for norm, moments in zip(net.norms, pooled):
        channels = norm.x.get_shape().as_list()[norm.axis]
        mean, variance = (np.zeros(channels), np.ones(channels)) if moments is None else moments
        mean, variance = values.look_trained(seed, norm.scope, mean, variance)
        found.append((np.float64(np.float32(mean)), np.float64(np.float32(variance))))
    return found


def by_variable(net: Net, statistics: Any) -> Arrays:
    """The statistics by the names that their variables have in this reading."""
    found = {}
    for norm, (mean, variance) in zip(net.norms, statistics):
        found[norm.mean], found[norm.variance] = mean, variance
    return found


def mode_of(norm: Norm, x: Any, y: Any, gamma: Any, beta: Any, stored: Tuple[Any, Any]) -> bool:
    """Whether y is x in training mode: the formula in NumPy, with the moments of x and with what is stored.

    Raises ValueError where y is neither, to 1 % of its size.
    """
    shape = [1] * x.ndim
    shape[norm.axis] = -1

    def gap(mean: Any, variance: Any) -> float:
        made = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + norm.epsilon)
        made = made * np.reshape(gamma, shape) + np.reshape(beta, shape)
        return float(np.abs(made - y).max() / (1 + np.abs(y).max()))

    training, inference = gap(*moments_of(x, norm.axis)), gap(*stored)
    if min(training, inference) > 0.01 or training == inference:
        raise ValueError("%s: neither mode: %g, %g" % (norm.scope, training, inference))
    return training < inference
