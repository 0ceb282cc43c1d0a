"""The five designs of network: how six batch norms, in pairs of one size, stand to each other.

    plain      convolutions one behind the other
    residual   every second one added to what the first of its pair gave
    separable  a convolution of 1x1 and a depthwise one in turn
    branched   two convolutions side by side, concatenated, as in Inception
    dense      products with a matrix, no map: one value of a channel per image

`Blocks` hands on what differs from network to network: the weights, and how batch norm is written. TensorFlow
is imported by `building` alone, and by what it calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

NETWORKS = {
    "fused": ("plain", "fused"),
    "decomposed": ("residual", "decomposed"),
    "if": ("plain", "if"),
    "residual_fused": ("residual", "fused"),
    "separable_fused": ("separable", "fused"),
    "separable_if": ("separable", "if"),
    "branched_fused": ("branched", "fused"),
    "branched_decomposed": ("branched", "decomposed"),
    "dense_decomposed": ("dense", "decomposed"),
    "plain_decomposed": ("plain", "decomposed"),
}
"""Name -> (design, how batch norm is written)."""
SIZES = ((16, 1), (24, 2), (32, 2))
"""Filters and first stride of each pair: maps of 8x8, 4x4, 2x2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What every design builds with."""

    draw: np.random.Generator
    weights: Callable[[str, tuple[int, ...], np.random.Generator], Any]
    """(name, shape, generator) -> a variable."""
    normalize: Callable[[Any], Any]
    """x -> a batch norm of it, in the scope at hand."""

    def convolved(self, number: int, x: Any, filters: int, stride: int, size: int = 3) -> Any:
        """`block<number>`: a convolution and its batch norm."""
        from tests.networks.building import tf

        with tf.variable_scope(f"block{number}"):
            kernel = self.weights("weights", (size, size, int(x.shape[-1]), filters), self.draw)
            y = tf.nn.conv2d(x, kernel, strides=[1, stride, stride, 1], padding="SAME", name="conv")
            return self.normalize(y)

    def depthwise(self, number: int, x: Any) -> Any:
        """`block<number>`: a depthwise convolution of 3x3 and its batch norm."""
        from tests.networks.building import tf

        with tf.variable_scope(f"block{number}"):
            kernel = self.weights("weights", (3, 3, 1, int(x.shape[-1])), self.draw)
            shaped = tf.transpose(kernel, [0, 1, 3, 2])
            y = tf.nn.depthwise_conv2d(x, shaped, strides=[1, 1, 1, 1], padding="SAME", name="conv")
            return self.normalize(y)

    def product(self, number: int, x: Any, units: int) -> Any:
        """`block<number>`: a product with a matrix and its batch norm."""
        from tests.networks.building import tf

        with tf.variable_scope(f"block{number}"):
            weights = self.weights("weights", (int(x.shape[-1]), units), self.draw)
            return self.normalize(tf.matmul(x, weights, name="product"))


def plain(blocks: Blocks, image: Any, *, residual: bool = False) -> Any:
    """Features of six convolutions one behind the other."""
    from tests.networks.building import tf

    x = image
    for pair, (filters, stride) in enumerate(SIZES):
        x = tf.nn.relu(blocks.convolved(2 * pair + 1, x, filters, stride))
        y = blocks.convolved(2 * pair + 2, x, filters, 1)
        x = tf.nn.relu(y + x if residual else y)
    return _pooled(x)


def residual(blocks: Blocks, image: Any) -> Any:
    """As `plain`, with the first of each pair added to the second."""
    return plain(blocks, image, residual=True)


def separable(blocks: Blocks, image: Any) -> Any:
    """Features of three pairs: a convolution that makes channels, a depthwise one that keeps them."""
    from tests.networks.building import tf

    x = image
    for pair, (filters, stride) in enumerate(SIZES):
        made = blocks.convolved(2 * pair + 1, x, filters, stride, 1 if pair else 3)
        x = tf.nn.relu(blocks.depthwise(2 * pair + 2, tf.nn.relu(made)))
    return _pooled(x)


def branched(blocks: Blocks, image: Any) -> Any:
    """Features of three pairs of convolutions side by side."""
    from tests.networks.building import tf

    x = image
    for pair, (filters, stride) in enumerate(SIZES):
        sides = [blocks.convolved(2 * pair + 1 + side, x, filters, stride) for side in range(2)]
        x = tf.nn.relu(tf.concat(sides, -1))
    return _pooled(x)


def dense(blocks: Blocks, image: Any) -> Any:
    """Features of six products with a matrix."""
    from tests.networks.building import tf

    x = tf.reshape(image, [-1, 64])
    for number, units in enumerate((64, 64, 48, 48, 32, 32), 1):
        x = tf.nn.relu(blocks.product(number, x, units))
    return tf.identity(x, name="features")


def _pooled(x: Any) -> Any:
    from tests.networks.building import tf

    return tf.reduce_mean(x, [1, 2], name="features")


DESIGNS = {
    "plain": plain,
    "residual": residual,
    "separable": separable,
    "branched": branched,
    "dense": dense,
}
