"""What decides the mode of a model's layers, and what to feed it: its name, its type, its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.layer import Mode
from bninspect.batchnorm.wiring.predicate import sent_to_training_by
from bninspect.inputs.placeholders import NUMPY

if TYPE_CHECKING:
    from bninspect.batchnorm import Report
    from bninspect.graph import Tensor

_TYPED = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "Identity", "Cast"})
"""Ops whose attributes tell the type of their output; what else decides is a boolean (Equal, LogicalAnd)."""


def sources(report: Report) -> dict[Tensor, bool]:
    """What decides the mode of the switched layers: the source of the predicate, or the predicate itself
    where no one source does; and the value of it that sends the first of its layers to training."""
    found: dict[Tensor, bool] = {}
    for layer in report.layers:
        if layer.mode is Mode.SWITCHED and layer.switch is not None:
            found.setdefault(layer.switch.decided_by, sent_to_training_by(layer.switch))
    return found


def fed_name(source: Tensor) -> str:
    """The name of a source in a specialized graph: that of its node in the Graph, function or not."""
    return f"{source.node.name}:{source.port}"


def dtype_of_source(source: Tensor) -> np.dtype[Any]:
    """The dtype to feed a source in."""
    node = source.node
    name = node.attr("dtype") or node.attr("DstT") or node.attr("T") or "bool"
    return NUMPY.get(str(name), np.dtype(np.bool_)) if node.op in _TYPED else np.dtype(np.bool_)
