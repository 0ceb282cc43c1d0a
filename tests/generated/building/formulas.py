"""The ways people write moments and the normalization by hand. Axes: all but the last."""

from typing import Any, Callable, List, Optional, Tuple

from tests.generated.building.tensorflow1 import VERSION, tf

Moments = Callable[[Any, List[int]], Tuple[Any, Any]]
Formula = Callable[[Any, Any, Any, Any, Any, float], Any]


def library(x: Any, axes: List[int]) -> Tuple[Any, Any]:
    mean, variance = tf.nn.moments(x, axes)
    return mean, variance


def squared_difference(x: Any, axes: List[int]) -> Tuple[Any, Any]:
    mean = tf.reduce_mean(x, axes)
    return mean, tf.reduce_mean(tf.squared_difference(x, mean), axes)


def square_of_difference(x: Any, axes: List[int]) -> Tuple[Any, Any]:
    mean = tf.reduce_mean(x, axes, keepdims=True) if _keepdims() else tf.reduce_mean(x, axes, keep_dims=True)
    return tf.reshape(mean, [-1]), tf.reduce_mean(tf.square(x - mean), axes)


def mean_of_squares(x: Any, axes: List[int]) -> Tuple[Any, Any]:
    mean = tf.reduce_mean(x, axes)
    return mean, tf.reduce_mean(tf.square(x), axes) - tf.square(mean)


def sums(x: Any, axes: List[int]) -> Tuple[Any, Any]:
    """Sums over the number of values, which is computed."""
    count = tf.cast(tf.size(x), tf.float32) / float(x.get_shape().as_list()[-1])
    mean = tf.reduce_sum(x, axes) / count
    return mean, tf.reduce_sum(tf.square(x - mean), axes) / count


def sufficient(x: Any, axes: List[int]) -> Tuple[Any, Any]:
    count, total, squares, shift = tf.nn.sufficient_statistics(x, axes)
    mean, variance = tf.nn.normalize_moments(count, total, squares, shift)
    return mean, variance


MOMENTS: Tuple[Moments, ...] = (
    library,
    squared_difference,
    square_of_difference,
    mean_of_squares,
    sums,
    sufficient,
)


def batch_normalization(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


def by_square_root(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    return _affine((x - mean) / tf.sqrt(variance + epsilon), gamma, beta)


def by_reciprocal_root(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    return _affine((x - mean) * tf.rsqrt(variance + epsilon), gamma, beta)


def by_power(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    return _affine((x - mean) * tf.pow(variance + epsilon, -0.5), gamma, beta)


def folded(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """One scale and one shift."""
    scale = tf.rsqrt(variance + epsilon)
    scale = scale if gamma is None else scale * gamma
    shift = -mean * scale if beta is None else beta - mean * scale
    return x * scale + shift


def scale_first(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """gamma over the deviation, then the centred x."""
    scale = (1.0 if gamma is None else gamma) / tf.sqrt(variance + epsilon)
    return _affine(scale * (x - mean), None, beta)


def epsilon_in_deviation(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """The deviation as a value of its own, inverted last."""
    deviation = tf.sqrt(tf.add(variance, tf.constant(epsilon)))
    return _affine((x - mean) * (1.0 / deviation), gamma, beta)


FORMULAS: Tuple[Formula, ...] = (
    batch_normalization,
    by_square_root,
    by_reciprocal_root,
    by_power,
    folded,
    scale_first,
    epsilon_in_deviation,
)


def _affine(x: Any, gamma: Optional[Any], beta: Optional[Any]) -> Any:
    x = x if gamma is None else x * gamma
    return x if beta is None else x + beta


def _keepdims() -> bool:
    """Whether this TensorFlow writes keepdims in one word."""
    return not VERSION.startswith("1.4.")
