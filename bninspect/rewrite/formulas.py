"""Layers written anew as chains of our own nodes: in training mode, where the file holds only the stored
statistics; and with the statistics the file gives them, where TensorFlow knows their op no more.

    mean = Mean(x), variance = Mean((x - mean)^2) over all axes but the channels, in float32 at least
    y = (x - mean) * (gamma / sqrt(variance + epsilon)) + beta

Source: Ioffe & Szegedy 2015 (arXiv:1502.03167), algorithm 1; the biased variance, as tf.nn.moments and the
fused op use it.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.site import Batch
from bninspect.errors import RewriteError
from bninspect.graph.shapes import rank
from bninspect.graph.trace import shape_of
from bninspect.graphdef.dtypes import NARROW, name_of_numpy
from bninspect.rewrite.prune import dtype_of

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.site import Site
    from bninspect.graph import Node, Tensor
    from bninspect.rewrite.edits import Edits


class Chain:
    """New nodes under one scope, in the frame of the layer's x."""

    def __init__(self, edits: Edits, scope: str, near: Node) -> None:
        self._edits = edits
        self._scope = scope
        self._near = near

    def constant(self, name: str, value: np.ndarray) -> Tensor:
        """A constant; it waits for x, so that inside a loop it stands in the frame of the loop."""
        dtype = name_of_numpy(value.dtype)
        return self.op(name, "Const", (), controls=(self._near,), dtype=dtype, value=value)

    def op(
        self,
        name: str,
        op: str,
        inputs: tuple[Tensor, ...],
        controls: tuple[Node, ...] = (),
        **attributes: object,
    ) -> Tensor:
        return self._edits.add(f"{self._scope}/{name}", op, inputs, controls, **attributes)

    def cast(self, name: str, tensor: Tensor, source: str, target: str) -> Tensor:
        """The tensor in another float type; itself where it has it already."""
        if source == target:
            return tensor
        return self.op(name, "Cast", (tensor,), SrcT=source, DstT=target)


def empty_statistics(edits: Edits, site: Site, dtype: str) -> tuple[Tensor, Tensor]:
    """The two constants of shape (0,) that a fused op in training mode takes (TensorFlow before 2.1 insists
    on them).
    """
    chain = Chain(edits, f"{site.node.name}/bninspect", site.node.inputs[0].node)
    value = np.zeros((0,), np.float64 if dtype == "double" else np.float32)
    return chain.constant("no_mean", value), chain.constant("no_variance", value)


def trained(edits: Edits, layer: BatchNorm, site: Site) -> Tensor:
    """The output of a decomposed or global layer in training mode, as new nodes that read its x, gamma and
    beta.

    Raises RewriteError where the type of x or its number of channels is not known.
    """
    wide = _wide(site)
    chain = Chain(edits, f"{site.node.name}/bninspect", site.x.node)
    x = chain.cast("x", site.x, dtype_of(site.x), wide)
    return _formula(chain, x, batch_moments(chain, x, layer, site, wide), layer, site)


def restated(edits: Edits, layer: BatchNorm, site: Site) -> Tensor:
    """The output of a global layer with the statistics it is given, as new nodes.

    Raises RewriteError where the type of x is not known.
    """
    return _reading(edits, layer, site, (site.mean, site.variance), None)


def inferred(edits: Edits, layer: BatchNorm, site: Site, stored: tuple[Tensor, Tensor]) -> Tensor:
    """The output of a layer with these statistics instead of its own, one value per channel, as new nodes.

    Raises RewriteError where the type of x is not known, or how the statistics meet it.
    """
    return _reading(edits, layer, site, stored, layout(layer, -1))


def layout(layer: BatchNorm, channels: int) -> tuple[int, ...]:
    """The shape in which so many values (-1: as many as there are), one per channel, meet the x of a layer.

    Raises RewriteError where the rank of x, or how statistics of several axes are laid out, is not known.
    """
    if layer.kept_axes:
        return _of_several_axes(layer, channels)
    if layer.data_format != "NCHW":
        return (channels,)
    origin = layer.nearest(Mode.TRAINING).site.mean_origin
    axes = len(origin.axes) + 1 if isinstance(origin, Batch) else rank(layer.x)
    if axes is None:
        raise RewriteError(f"{layer.name}: the number of axes of its x is unknown")
    return (1, channels, *([1] * (axes - 2)))


def _of_several_axes(layer: BatchNorm, size: int) -> tuple[int, ...]:
    """The shape of gamma or beta, where it holds so many values."""
    shapes = [shape_of(tensor.node) for tensor in (layer.gamma, layer.beta) if tensor is not None]
    shape = next((shape for shape in shapes if shape and size in (-1, prod(shape))), None)
    if shape is None:
        raise RewriteError(f"{layer.name}: the layout of its statistics of several axes is unknown")
    return shape


def normalized(edits: Edits, layer: BatchNorm, site: Site, mean: np.ndarray, variance: np.ndarray) -> Tensor:
    """The output of a layer with these statistics, as new nodes and constants; the arrays are laid out to
    meet x.

    Raises RewriteError where the type of x is not known.
    """
    wide = _wide(site)
    chain = Chain(edits, f"{site.node.name}/bninspect", site.x.node)
    x = chain.cast("x", site.x, dtype_of(site.x), wide)
    return _formula(chain, x, _constants(chain, mean, variance, wide), layer, site)


def constants(
    edits: Edits, site: Site, near: Node, mean: np.ndarray, variance: np.ndarray
) -> tuple[Tensor, Tensor]:
    """These statistics as constants in the frame of `near`, to make a layer anew that was folded."""
    return _constants(Chain(edits, f"{site.node.name}/bninspect", near), mean, variance, _wide(site))


def _constants(chain: Chain, mean: np.ndarray, variance: np.ndarray, wide: str) -> tuple[Tensor, Tensor]:
    numpy_type = np.float64 if wide == "double" else np.float32
    kept = [
        chain.constant(f"moving_{name}", part.astype(numpy_type))
        for name, part in (("mean", mean), ("variance", variance))
    ]
    return kept[0], kept[1]


def _reading(
    edits: Edits,
    layer: BatchNorm,
    site: Site,
    statistics: tuple[Tensor, Tensor],
    shape: tuple[int, ...] | None,
) -> Tensor:
    """The output with statistics that are read from these tensors, in this shape (None: in their own)."""
    wide = _wide(site)
    chain = Chain(edits, f"{site.node.name}/bninspect", site.x.node)
    x = chain.cast("x", site.x, dtype_of(site.x), wide)

    def read(name: str, tensor: Tensor) -> Tensor:
        part = chain.cast(name, tensor, dtype_of(tensor), wide)
        if shape is None:
            return part
        laid_out = chain.constant(f"{name}_shape", np.array(shape, np.int32))
        return chain.op(f"{name}_of_x", "Reshape", (part, laid_out), T=wide, Tshape="int32")

    mean, variance = statistics
    return _formula(chain, x, (read("mean", mean), read("variance", variance)), layer, site)


def _wide(site: Site) -> str:
    """The type a chain computes in: that of the layer, float32 at least."""
    dtype = dtype_of(site.output)
    return "float" if dtype in NARROW else dtype


def _formula(chain: Chain, x: Tensor, moments: tuple[Tensor, Tensor], layer: BatchNorm, site: Site) -> Tensor:
    """y, in the type of the layer."""
    mean, variance = moments
    t = wide = _wide(site)
    centred = chain.op("centred", "Sub", (x, mean), T=t)
    numpy_type = np.float64 if wide == "double" else np.float32
    epsilon = chain.constant("epsilon", np.asarray(layer.epsilon or 0.0, numpy_type))
    scale = chain.op("scale", "Rsqrt", (chain.op("shifted", "Add", (variance, epsilon), T=t),), T=t)
    y = chain.op("normalized", "Mul", (centred, scale), T=t)
    if site.gamma is not None:
        y = chain.op("scaled", "Mul", (y, chain.cast("gamma", site.gamma, dtype_of(site.gamma), wide)), T=t)
    if site.beta is not None:
        y = chain.op("offset", "Add", (y, chain.cast("beta", site.beta, dtype_of(site.beta), wide)), T=t)
    return chain.cast("y", y, wide, dtype_of(site.output))


def kept_axes_last(
    chain: Chain, x: Tensor, original: Tensor, kept_axes: tuple[int, ...], wide: str
) -> Tensor:
    """x with the axes that have statistics of their own as its last ones; the image stays the first.

    Raises RewriteError where they are not the last ones, and the rank of the original x is not known.
    """
    if kept_axes == tuple(range(-len(kept_axes), 0)):
        return x
    dimensions = rank(original)
    if dimensions is None:
        raise RewriteError(f"{original.name}: its number of axes is unknown")
    kept = [axis + dimensions for axis in kept_axes]
    order = [axis for axis in range(dimensions) if axis not in kept] + kept
    axes = chain.constant("order", np.array(order, np.int32))
    return chain.op("ordered", "Transpose", (x, axes), T=wide, Tperm="int32")


def batch_moments(chain: Chain, x: Tensor, layer: BatchNorm, site: Site, wide: str) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel, laid out to meet x of any rank.

    x is looked at as rows of channels (or images, channels, positions), so that the axes are constants, by
    which this is known for batch norm when the graph is read again. Raises RewriteError if nothing tells how
    many channels there are.
    """
    if layer.channels is None:
        raise RewriteError("its number of channels is unknown")
    minus, count = np.array([-1], np.int32), np.array([layer.channels], np.int32)
    first = layer.data_format == "NCHW" and not layer.kept_axes
    if layer.kept_axes:
        x = kept_axes_last(chain, x, site.x, layer.kept_axes, wide)
    if first:
        shape = chain.op("shape", "Shape", (x,), T=wide, out_type="int32")
        bounds = [chain.constant(name, np.array([at], np.int32)) for name, at in (("begin", 0), ("end", 1))]
        stride = chain.constant("stride", np.array([1], np.int32))
        images = chain.op("images", "StridedSlice", (shape, *bounds, stride), T="int32", Index="int32")
        rest = chain.constant("rest", np.concatenate([count, minus]))
        zero = chain.constant("zero", np.array(0, np.int32))
        rows = chain.op("rows", "ConcatV2", (images, rest, zero), N=2, T="int32", Tidx="int32")
    else:
        rows = chain.constant("rows", np.concatenate([minus, count]))
    flat = chain.op("flat", "Reshape", (x, rows), T=wide, Tshape="int32")
    axes = chain.constant("axes", np.array([0, 2] if first else [0], np.int32))
    mean = chain.op("mean", "Mean", (flat, axes), T=wide, Tidx="int32", keep_dims=True)
    squares = chain.op("squares", "SquaredDifference", (flat, mean), T=wide)
    variance = chain.op("variance", "Mean", (squares, axes), T=wide, Tidx="int32", keep_dims=True)
    if first or layer.kept_axes:
        stored = chain.op("layout", "Shape", (site.mean,), T=dtype_of(site.mean), out_type="int32")
    else:
        stored = chain.constant("layout", count)
    return tuple(  # type: ignore[return-value]
        chain.op(f"channel_{name}", "Reshape", (moment, stored), T=wide, Tshape="int32")
        for name, moment in (("mean", mean), ("variance", variance))
    )
