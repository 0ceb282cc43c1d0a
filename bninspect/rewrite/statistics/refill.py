"""refill: new statistics in the place of the old ones, and every other byte of the graph as it was.

The variance that is written is the biased one, sum((x - mean)^2)/n over all n values of a channel: that is
what a layer in training mode normalizes with, so that inference mode then gives the same. (Where TensorFlow
moves an average, a fused op hands it n/(n - 1) times as much, n being the values of one batch; a chain of
tf.nn.moments does not. Over a whole set n/(n - 1) is 1.) PreciseBN writes the same: Wu & Johnson 2021,
arXiv:2105.07576.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import RewriteError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graphdef.dtypes import FLOATS, NUMPY, name_of_numpy
from bninspect.graphdef.tensors import TensorValue
from bninspect.graphdef.writer import free_name, new_node, rewritten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graphdef import GraphDef, NodeDef
    from bninspect.rewrite.statistics.slots import Slot
    from bninspect.statistics.pooling import Moments

    Floats = NDArray[np.float64]

_INPUTS = (3, 4)
"""Which inputs of a fused op are its mean and variance."""
_NAMES = ("moving_mean", "moving_variance")


@frozen_dataclass(eq=False)
class Filling:
    """What goes into one slot: arrays as they are written, in the dtype and shape of their constants."""

    slot: Slot
    mean: NDArray[Any]
    variance: NDArray[Any]


def filling(slot: Slot, moments: Moments, mix: float = 0.0) -> Filling:
    """The moments as the slot takes them; with `mix`, mix * old + (1 - mix) * new where it holds usable old
    ones.

    Raises RewriteError, saying why, where they cannot stand there: not finite, of another size, beyond the
    range of the dtype.
    """
    mean, variance = moments.mean, moments.variance
    if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
        raise RewriteError("what it normalizes is not finite on these images")
    old = usable_statistics(slot.layers[0])
    if mix and old is not None:
        old_mean, old_variance = old
        if old_mean.shape != mean.shape:
            raise RewriteError(_another_size(old_mean.size, mean.size))
        mean = mix * old_mean + (1 - mix) * mean
        variance = mix * old_variance + (1 - mix) * variance
    return Filling(
        slot=slot,
        mean=_as_written(slot.mean, mean, slot),
        variance=_as_written(slot.variance, variance, slot),
    )


def usable_statistics(layer: BatchNorm) -> tuple[Floats, Floats] | None:
    """The old statistics of the layer, (channels,) each; None where there are none, or no usable ones."""
    held = layer.statistics.values
    if held is None:
        return None
    mean, variance = held.numbers()
    usable = mean.shape == variance.shape and np.isfinite(mean).all() and np.isfinite(variance).all()
    return (mean, variance) if usable and (variance >= 0).all() else None


def exchange(graphdef: GraphDef, fillings: Sequence[Filling]) -> dict[NodeDef, tuple[NodeDef, ...]]:
    """The nodes that change when these slots are filled, and what stands in their place (see
    `graphdef.functions.bodies`). Slots that are `is_new` are not for this.
    """
    bodies = _bodies(graphdef)
    changed: dict[NodeDef, tuple[NodeDef, ...]] = {}
    for one in fillings:
        slot = one.slot
        if slot.reader is not None:
            changed[slot.reader] = _rewired(slot.reader, one, bodies[slot.reader])
        for record, value in ((slot.mean, one.mean), (slot.variance, one.variance)):
            if record is not None:
                written = rewritten(
                    record, name=record.name, inputs=record.inputs, attributes={"value": value}
                )
                changed[record] = (written,)
    return changed


def _as_written(record: NodeDef | None, values: Floats, slot: Slot) -> NDArray[Any]:
    """In the dtype and shape of the constant; those of a fused op that is to get one where there is none."""
    shape, dtype = values.shape, _dtype_for(slot)
    if record is not None:
        held = record.attr("value")
        assert isinstance(held, TensorValue)
        shape, dtype = held.shape, held.dtype
        if held.size != values.size:
            raise RewriteError(_another_size(held.size, values.size))
    if dtype not in FLOATS or dtype not in NUMPY:
        raise RewriteError(f"its statistics are of type {dtype}, which cannot be written")
    with np.errstate(over="ignore"):
        found: NDArray[Any] = values.astype(NUMPY[dtype]).reshape(shape)
    if not np.isfinite(found).all():
        raise RewriteError(f"its new statistics are beyond the range of {dtype}, the type of their constant")
    return found


def _dtype_for(slot: Slot) -> str:
    """The dtype of new constants: what a fused op takes its statistics in; float32 for a chain."""
    if slot.reader is None:
        return "float"
    stated = slot.reader.attr("U") if slot.reader.op != "FusedBatchNorm" else slot.reader.attr("T")
    return stated if isinstance(stated, str) else "float"


def _another_size(held: int, measured: int) -> str:
    return f"its statistics are of {held} values, and what it normalizes has {measured} channels"


def _bodies(graphdef: GraphDef) -> dict[NodeDef, tuple[str | None, set[str]]]:
    """Record -> (the function it stands in, every name of that body)."""
    found: dict[NodeDef, tuple[str | None, set[str]]] = {}
    names = {node.name for node in graphdef.nodes}
    found.update((node, (None, names)) for node in graphdef.nodes)
    for function in graphdef.functions.values():
        names = {node.name for node in function.nodes} | set(function.arguments)
        found.update((node, (function.name, names)) for node in function.nodes)
    return found


def _rewired(reader: NodeDef, one: Filling, body: tuple[str | None, set[str]]) -> tuple[NodeDef, ...]:
    """Two constants, and the fused op that reads them."""
    function, names = body
    inputs = list(reader.inputs)
    made = []
    for at, what, value in zip(_INPUTS, _NAMES, (one.mean, one.variance), strict=True):
        name = free_name(f"{reader.name}/{what}", names.__contains__)
        made.append(new_node(name, "Const", (), {"dtype": name_of_numpy(value.dtype), "value": value}))
        inputs[at] = name if function is None else f"{name}:output:0"
    return (*made, rewritten(reader, name=reader.name, inputs=tuple(inputs)))
