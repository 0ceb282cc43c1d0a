"""The ways people keep moving averages of a batch's moments."""

from typing import Any, Callable, List, NamedTuple, Tuple

from tests.generated.building.net import Net
from tests.generated.building.tensorflow1 import tf


class Kept(NamedTuple):
    """Stored statistics."""

    stored: Tuple[Any, Any]
    mean: str
    """The variable that holds the mean."""
    variance: str
    updates: Callable[[], List[Any]] = list
    """Makes the updates that the training branch waits for, where it is called."""
    forced: bool = False
    """Whether the branch waits for any."""


Average = Callable[[Net, Any, Any, List[int]], Kept]


def plain(net: Net, moments: Any, training: Any, channels: List[int]) -> Kept:
    """Two variables that somebody else moves."""
    return _kept(*_variables(net, channels))


def assigned(net: Net, moments: Any, training: Any, channels: List[int]) -> Kept:
    """Two variables and their updates in UPDATE_OPS, which freezing drops."""
    mean, variance = _variables(net, channels)
    for old, new in zip((mean, variance), moments):
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(old, old * 0.9 + new * 0.1))
    return _kept(mean, variance)


def shadows(net: Net, moments: Any, training: Any, channels: List[int]) -> Kept:
    """The shadow variables of an ExponentialMovingAverage of tensors."""
    average = tf.train.ExponentialMovingAverage(0.9)
    average.apply(list(moments))
    return _kept(*(average.average(one) for one in moments))


def shadows_of_variables(net: Net, moments: Any, training: Any, channels: List[int]) -> Kept:
    """The shadows of two variables, which are what is served."""
    average = tf.train.ExponentialMovingAverage(0.99)
    kept = _variables(net, channels)
    average.apply(list(kept))
    return _kept(*(average.average(one) for one in kept))


def forced(net: Net, moments: Any, training: Any, channels: List[int]) -> Kept:
    """The training branch waits for its updates; frozen, they assign to constants: TensorFlow refuses it."""
    kept = _variables(net, channels)
    if net.reading != "file" or training is False:
        return _kept(*kept)
    net.updates = True

    def updates() -> List[Any]:
        return [tf.assign_sub(old, (old - new) * 0.1) for old, new in zip(kept, moments)]

    return _kept(*kept)._replace(updates=updates, forced=True)


AVERAGES: Tuple[Average, ...] = (plain, assigned, shadows, shadows_of_variables, forced)


def _variables(net: Net, channels: List[int]) -> Tuple[Any, Any]:
    mean = net.variable("pop_mean", channels, trainable=False)
    return mean, net.variable("pop_variance", channels, trainable=False)


def _kept(mean: Any, variance: Any) -> Kept:
    return Kept((mean, variance), mean.op.name, variance.op.name)
