"""A batch norm folded into a convolution, written anew with other statistics.

    inference    y = convolution(input, W*m) + (beta - mean*m)         m = gamma / sqrt(variance + epsilon)
    training     y = convolution(input, W*m) * r + (beta - batch_mean * m*r)
                 r = sqrt(variance + epsilon) / sqrt(batch_variance + epsilon)

W*m stays where it is rounded, so that a quantized model is one. Source: tensorflow/contrib/quantize/python/
fold_batch_norms.py, which writes the first in its inference graphs and the second in its training graphs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.recognition.quantization.fake_quant import FAKE_QUANTS, delayed_from
from bninspect.errors import RewriteError
from bninspect.graph.ops import VARIABLES, mutates
from bninspect.graph.trace import same, shape_of, value
from bninspect.rewrite.formulas import Chain, batch_moments
from bninspect.rewrite.prune import dtype_of

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.site import Carried, Site
    from bninspect.graph import Node, Tensor
    from bninspect.rewrite.edits import Edits

_MOST_NODES = 16


def refold(edits: Edits, layer: BatchNorm, site: Site, mean: Tensor, variance: Tensor, *, anew: bool) -> None:
    """The layer in inference mode with these statistics: of its weights, and of what is added behind.

    With `anew`, these are others than it had, and weights that are rounded have a new range. Raises
    RewriteError where it cannot be written.
    """
    carried = _carried(site)
    dtype = dtype_of(site.output)
    chain = _chain(edits, site, carried)
    multiplier = _scale(chain, "multiplier", variance, layer, dtype)
    if site.gamma is not None:
        multiplier = chain.op("scale", "Mul", (site.gamma, multiplier), T=dtype)
    laid_out = _laid_out(chain, multiplier, carried, dtype)
    scaled = chain.op("scaled_weights", "Mul", (carried.weights, laid_out), T=dtype)
    rounded = learned_range(site) if anew else None
    if rounded is not None:
        _measure_range(edits, chain, rounded, scaled, dtype)
    output = _with_offset(chain, carried.convolved, (mean, multiplier), site, dtype)
    edits.redirect(carried.scaled, scaled)
    edits.redirect(site.output, output)


def unfreeze(edits: Edits, layer: BatchNorm, site: Site) -> None:
    """The layer, which is in inference mode, in training mode: with the moments of what its convolution gives
    for the weights without the scale.

    Raises RewriteError where it cannot be written.
    """
    carried = _carried(site)
    dtype = dtype_of(site.output)
    chain = _chain(edits, site, carried)
    moments = batch_moments(chain, site.x, layer, site, dtype)
    root = _scale(chain, "batch_root", moments[1], layer, dtype)
    stored = _scale(chain, "stored_root", site.variance, layer, dtype)
    ratio = chain.op("correction", "RealDiv", (root, stored), T=dtype)
    corrected = chain.op("corrected", "Mul", (carried.convolved, ratio), T=dtype)
    if site.gamma is not None:
        root = chain.op("scale", "Mul", (site.gamma, root), T=dtype)
    edits.redirect(site.output, _with_offset(chain, corrected, (moments[0], root), site, dtype))


def learned_range(site: Site) -> Node | None:
    """The FakeQuant op that rounds the scaled weights within a range that was learned, and so belongs to the
    statistics that they were scaled by; None where there is none.
    """
    stack = [] if site.carried is None else [site.carried.convolution.inputs[1]]
    for _ in range(_MOST_NODES):
        if not stack:
            break
        node = same(stack.pop()).node
        if node.op in FAKE_QUANTS:
            source = node if node.op == "FakeQuantWithMinMaxArgs" else value(node.inputs[1]).node
            if source is node or source.op == "Const" or source.op in VARIABLES or mutates(source.op):
                return node
            stack.append(node.inputs[0])
        elif delayed_from(node) is not None:
            stack.extend(node.inputs)
    return None


def _measure_range(edits: Edits, chain: Chain, rounded: Node, scaled: Tensor, dtype: str) -> None:
    """The op rounds within the range of the scaled weights themselves, which holds 0: `LastValueQuantize`."""
    if rounded.op != "FakeQuantWithMinMaxVars":
        raise RewriteError(
            f"its weights are rounded channel by channel, or within a range that is fixed ({rounded.label})"
        )
    row, axis = (chain.constant(name, np.array([at], np.int32)) for name, at in (("row", -1), ("axis", 0)))
    zero = chain.constant("zero", np.zeros((), np.float32))
    flat = chain.op("flat", "Reshape", (scaled, row), T=dtype, Tshape="int32")
    for slot, bound, limit in ((1, "Min", "Minimum"), (2, "Max", "Maximum")):
        found = chain.op(bound.lower(), bound, (flat, axis), T=dtype, Tidx="int32", keep_dims=False)
        edits.override(rounded, slot, chain.op(limit.lower(), limit, (found, zero), T=dtype))


def _carried(site: Site) -> Carried:
    if site.carried is None:
        raise RewriteError(f"{site.node.label} is not folded into a convolution")
    if site.data_format == "NCHW":
        raise RewriteError("it is folded into a convolution whose channels come first")
    return site.carried


def _chain(edits: Edits, site: Site, carried: Carried) -> Chain:
    return Chain(edits, f"{site.node.name}/bninspect", carried.convolution.inputs[0].node)


def _scale(chain: Chain, name: str, variance: Tensor, layer: BatchNorm, dtype: str) -> Tensor:
    """1 / sqrt(variance + epsilon)."""
    number = np.asarray(layer.epsilon or 0.0, np.float64 if dtype == "double" else np.float32)
    added = chain.op(f"{name}/add", "Add", (variance, chain.constant(f"{name}/epsilon", number)), T=dtype)
    return chain.op(name, "Rsqrt", (added,), T=dtype)


def _laid_out(chain: Chain, multiplier: Tensor, carried: Carried, dtype: str) -> Tensor:
    """A factor per output channel as the weights want it: those of a depthwise convolution have two axes of
    them.
    """
    if carried.convolution.op != "DepthwiseConv2dNative":
        return multiplier
    shape = shape_of(value(carried.weights).node)
    if shape is None or len(shape) != 4:
        raise RewriteError("the shape of the weights that it is folded into is unknown")
    layout = chain.constant("layout", np.array(shape[2:], np.int32))
    return chain.op("laid_out", "Reshape", (multiplier, layout), T=dtype, Tshape="int32")


def _with_offset(
    chain: Chain, convolved: Tensor, taken: tuple[Tensor, Tensor], site: Site, dtype: str
) -> Tensor:
    """beta less the product of the two, added."""
    product = chain.op("mean_part", "Mul", taken, T=dtype)
    if site.beta is None:
        return chain.op("output", "Sub", (convolved, product), T=dtype)
    offset = chain.op("offset", "Sub", (site.beta, product), T=dtype)
    return chain.op("output", "Add", (convolved, offset), T=dtype)
