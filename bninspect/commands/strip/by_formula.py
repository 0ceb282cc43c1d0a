"""Layers that strip flipped, against their formula: the original has no such mode to compare them with.

    y = (x - mean) * gamma / sqrt(variance + epsilon) + beta

in float64, with the stored statistics in inference mode; in training mode with the mean and the biased
variance of x over all axes but the channels, or those that have statistics of their own. Source: Ioffe &
Szegedy 2015 (arXiv:1502.03167), algorithms 1 and 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Form, Mode
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.run.unfused import INTERNAL, OWN_INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.rewrite.strip import Stripped

    Array = NDArray[Any]


@frozen_dataclass
class Flipped:
    """One flipped layer, and where its values stand in the new graph."""

    layer: BatchNorm
    original: str
    """Its output in the original."""
    output: str
    """The same in the new graph."""
    x: str
    parts: Mapping[str, str]
    """gamma, beta, mean, variance, as far as it has them."""
    epsilon: float
    kept_axes: tuple[int, ...]
    """The axes of x with statistics of their own: as a rule the channels."""
    side: str | None = None
    """What an op that does more adds to the normalized values."""
    relu: bool = False
    """Whether it then lets no negative ones through."""

    @property
    def names(self) -> tuple[str, ...]:
        """What to fetch of the new graph."""
        return (self.output, self.x, *self.parts.values(), *filter(None, (self.side,)))

    def expected(self, values: Mapping[str, Array]) -> Array:
        """The output by the formula, of these values of the new graph, in the type of the output."""
        x = values[self.x].astype(np.float64)
        kept = [axis % x.ndim for axis in self.kept_axes]
        axes = tuple(axis for axis in range(x.ndim) if axis not in kept)
        shape = [1] * x.ndim
        for axis in kept:
            shape[axis] = x.shape[axis]
        shape[kept[0]] = -1
        parts = {key: values[name].astype(np.float64).reshape(shape) for key, name in self.parts.items()}
        mean = parts.get("mean", x.mean(axis=axes, keepdims=True))
        variance = parts.get("variance", x.var(axis=axes, keepdims=True))
        scale = parts.get("gamma", 1.0) / np.sqrt(variance + self.epsilon)
        found: Array = (x - mean) * scale + parts.get("beta", 0.0)
        found = found if self.side is None else found + values[self.side].astype(np.float64)
        found = np.maximum(found, 0.0) if self.relu else found
        return found.astype(values[self.output].dtype)


def flipped_layers(stripped: Stripped, mode: Mode) -> tuple[Flipped, ...] | str:
    """Every layer that was flipped to this mode; the reason, where one of them cannot be compared so."""
    found = []
    for change in stripped.changes:
        if change.what == "flipped":
            one = _flipped(stripped, change.layer, mode)
            if one is None:
                return f"the original has no {mode.value} mode: {change.layer.name} is fixed to the other"
            found.append(one)
    return tuple(found)


def _flipped(stripped: Stripped, layer: BatchNorm, mode: Mode) -> Flipped | None:
    """Where the values of one layer stand; None where one of them has no name in both graphs."""
    branch = layer.branch(Mode.INFERENCE if mode is Mode.TRAINING else Mode.TRAINING)
    if branch is None:
        return None
    site = branch.site
    if site.output.node.functions or site.output.node.nodedef is None:
        return None
    tensors = {"output": site.output, "x": site.x, "gamma": site.gamma, "beta": site.beta}
    if layer.form is Form.FUSED:
        read = stripped.edits.inputs(site.node)
        tensors |= {"x": read[0], "gamma": read[1], "beta": read[2]}
        if site.node.op == INTERNAL and len(read) > OWN_INPUTS:
            tensors["side"] = read[OWN_INPUTS]
    if mode is Mode.INFERENCE:
        tensors |= {"mean": layer.moving_mean, "variance": layer.moving_variance}
    places = {key: stripped.place(tensor) for key, tensor in tensors.items() if tensor is not None}
    names = {key: name for key, name in places.items() if name is not None}
    if len(names) < len(places):
        return None
    return Flipped(
        layer=layer,
        original=site.output.name,
        output=names.pop("output"),
        x=names.pop("x"),
        side=names.pop("side", None),
        relu=site.node.attr("activation_mode") == b"Relu",
        parts=names,
        epsilon=layer.epsilon or 0.0,
        kept_axes=layer.kept_axes or ((1,) if (site.data_format or "").startswith("NC") else (-1,)),
    )
