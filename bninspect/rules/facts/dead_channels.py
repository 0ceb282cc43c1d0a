"""Channels that give one value whatever the image, or hardly another: their gain does no harm.

A channel whose stored variance is all but 0 either was the same everywhere in training and is so still, or
its variance was lost. The first kind shows: its weights have decayed to 0, the channel that a depthwise
convolution makes it of is such a one itself, or its moving mean is small, too: 0, as of a ReLU that never
opens, or a few of its own standard deviations, as of one that seldom does. What multiplies it multiplies
nothing, or what it was made for. Where nearly all collapsed channels of a layer show that they are dead,
training has emptied the layer, and the few others are constants of it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.errors import GraphDefError
from bninspect.graph.trace import same, stored_value, value
from bninspect.statistics import thresholds
from bninspect.statistics.median import median

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.graph import Node, Tensor
    from bninspect.rules.facts.values import Values

    Flags = NDArray[np.bool_]

_CHANNELWISE = frozenset({
    "BiasAdd", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "MaxPool", "AvgPool", "Pad",
    "PadV2", "MirrorPad", "SpaceToBatchND", "BatchToSpaceND", "Cast", "Softplus",
})  # fmt: skip
"""Ops that make each channel of its own alone."""
_DEPTHWISE = "DepthwiseConv2dNative"
_PRODUCTS = frozenset({"Conv2D", "Conv3D", "MatMul", _DEPTHWISE})
_HOPS = 32


def dead_channels(values: Values, outputs: Mapping[Tensor, Values]) -> Flags:
    """Per channel, whether it is collapsed and gives one value whatever the image, shape (channels,).

    `outputs`: the output tensor of each layer -> its values.
    """
    collapsed = values.collapsed()
    spread = np.sqrt(values.median())
    own = np.sqrt(np.maximum(values.variance, 0.0))
    still = np.maximum(thresholds.DEAD_MEAN * spread, thresholds.QUIET_MEAN * own)
    dead: Flags = np.abs(values.mean) <= still
    maker = _maker(values.layer.x)
    if maker is not None:
        norms = _norms(maker, values.size)
        if norms is not None and (live := norms[~collapsed]).size:
            dead |= norms <= thresholds.DEAD_WEIGHTS * median(live)
        if maker.op == _DEPTHWISE:
            dead |= _of_constant_inputs(maker, values.size, outputs)
    dead &= collapsed
    return collapsed if dead.sum() >= thresholds.EMPTIED * collapsed.sum() else dead


def _maker(x: Tensor) -> Node | None:
    """The convolution or product that makes each channel of x, behind ops that keep channels apart; None
    where there is none.
    """
    for _ in range(_HOPS):
        x = same(x)
        if x.node.op in _PRODUCTS:
            return x.node
        if x.node.op not in _CHANNELWISE or not x.node.inputs:
            return None
        x = x.node.inputs[0]
    return None


def _norms(maker: Node, size: int) -> NDArray[np.float64] | None:
    """The norm of each channel's weights; None where they are not in the file or of another size."""
    if len(maker.inputs) < 2:
        return None
    held = stored_value(value(maker.inputs[1]).node)
    if held is None or held.size == 0 or held.size % size:
        return None
    try:
        weights = held.numbers()
    except GraphDefError:
        return None
    each = held.size // size
    if maker.attr("transpose_b", False):
        weights = weights.reshape(size, each).T
    norms: NDArray[np.float64] = np.sqrt((weights.reshape(each, size) ** 2).sum(axis=0))
    return norms


def _of_constant_inputs(maker: Node, size: int, outputs: Mapping[Tensor, Values]) -> Flags:
    """Per channel, whether a depthwise convolution makes it of one that the layer before it collapses."""
    x = maker.inputs[0]
    for _ in range(_HOPS):
        before = outputs.get(x)
        if before is not None:
            whole = size % before.size == 0
            return np.repeat(before.collapsed(), size // before.size) if whole else np.zeros(size, bool)
        source = same(x)
        if source == x:
            if x.node.op not in _CHANNELWISE or not x.node.inputs:
                break
            source = x.node.inputs[0]
        x = source
    return np.zeros(size, bool)
