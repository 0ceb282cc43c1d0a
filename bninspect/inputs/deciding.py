"""What decides the mode of a model's layers, and what to feed it: its name, its type, its value."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.deciding import deciders_of
from bninspect.graph.ops import PLACEHOLDERS
from bninspect.graph.search import reach
from bninspect.graph.trace import declared_shape, shape_of
from bninspect.graph.types import given_type
from bninspect.graphdef.dtypes import NUMPY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.batchnorm.wiring.predicates.predicate import Value
    from bninspect.graph import Node, Tensor

_BROADCASTING = frozenset({
    "PlaceholderWithDefault", "Identity", "Cast", "LogicalNot", "LogicalAnd", "LogicalOr",
    "Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual",
})  # fmt: skip
"""Ops whose output has the shape that their inputs broadcast to."""
BOTH = (Mode.TRAINING, Mode.INFERENCE)
_MOST_TENSORS = 1000
_MOST_VALUES = 1 << 20
"""Of a shape with more, no file is believed."""


def sources(report: Report) -> dict[Tensor, dict[Mode, bool]]:
    """What decides the mode of the switched layers: the source of the predicate, or the predicate itself
    where no one source does (of a predicate that several conditionals make, of each of theirs); and the value
    of it that sends the first of its layers to each mode.
    """
    found: dict[Tensor, dict[Mode, bool]] = {}
    for layer in report.layers:
        if layer.mode is Mode.SWITCHED and layer.switch is not None:
            values = {mode: deciders_of(layer.switch, mode) for mode in BOTH}
            for tensor in values[Mode.TRAINING]:
                found.setdefault(tensor, {mode: values[mode][tensor] for mode in BOTH})
    return {
        one: {mode: value != negated for mode, value in values.items()}
        for tensor, values in found.items()
        for one, negated in asking(report, tensor)
    }


def asking(report: Report, decider: Tensor) -> tuple[tuple[Tensor, bool], ...]:
    """What has to be fed for a decider to have a value, and whether with the opposite: itself, or every
    tensor of the file that asks what it does.
    """
    return tuple(report.asking.get(decider, {decider: False}).items())


def fed_name(source: Tensor) -> str:
    """The name of a source in a specialized graph: that of its node in the Graph, function or not."""
    return f"{source.node.name}:{source.port}"


def fed_value(source: Tensor, value: Value) -> NDArray[Any]:
    """The value as a source takes it: its dtype (bool where its op is not known to tell), and as many values
    as it is declared to hold.

    A source of shape [1] is reshaped to a scalar behind it, and one per image to a Select: a scalar fits
    neither. An axis that the file leaves free gets 1.
    """
    dtype = given_type(source.node, source.port) or "bool"
    return np.full(_shape_of_source(source), value, NUMPY.get(dtype, np.dtype(np.bool_)))


def _shape_of_source(source: Tensor) -> tuple[int, ...]:
    """The shape that the source, or the values it is compared from, state; () if nothing does."""

    def before(tensor: Tensor) -> tuple[Tensor, ...]:
        spread = tensor.node.op in _BROADCASTING and _stated_shape(tensor.node) is None
        return tensor.node.inputs if spread else ()

    shapes = (_stated_shape(tensor.node) for tensor in reach([source], before, _MOST_TENSORS))
    try:
        shape = np.broadcast_shapes(*(shape for shape in shapes if shape is not None))
    except ValueError:
        return ()
    return shape if prod(shape) <= _MOST_VALUES else ()


def _stated_shape(node: Node) -> tuple[int, ...] | None:
    """The shape of a constant, a variable or a placeholder, 1 for an axis left free; None of other nodes."""
    shape = declared_shape(node) if node.op in PLACEHOLDERS else shape_of(node)
    return None if shape is None else tuple(1 if size < 0 else size for size in shape)
