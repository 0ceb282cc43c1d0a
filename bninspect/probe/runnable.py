"""How one gets a graph that runs in one mode: what to run, and what to feed besides the inputs.

Nothing behind this file knows how a mode is brought about. Today the original runs, with the source of each
layer's predicate fed; a specialized graph per mode takes its place by giving another program and no feeds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.layer import Mode
from bninspect.probe.placeholders import NUMPY
from bninspect.probe.program import needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graphdef import GraphDef, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprobed:
    """A layer, or a tensor, that cannot be compared, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """Which layers can be switched, and by what."""

    layers: tuple[BatchNorm, ...]
    """Those that both modes can be had of, in graph order."""
    skipped: tuple[Unprobed, ...]
    training: Mapping[Tensor, bool]
    """The source of every predicate, and the value of it that serves training."""
    decided: frozenset[str] = field(default=frozenset())
    """Names of the tensors that the mode feeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """The model in one mode, ready for a session."""

    mode: Mode
    program: GraphDef
    """The records that run, and no others: what is checked is what TensorFlow is given."""
    feeds: Mapping[str, NDArray[Any]]
    """What to feed for the mode, besides the inputs."""
    names: Mapping[Tensor, str]
    """What to fetch for each tensor of the original that is wanted."""


def switching(report: Report) -> Switching:
    """Which layers of the model can be switched, and the reason for each that cannot."""
    training: dict[Tensor, bool] = {}
    layers: list[BatchNorm] = []
    skipped: list[Unprobed] = []
    for layer in report.layers:
        reason = _obstacle(layer, training)
        if reason is not None:
            skipped.append(Unprobed(what=layer.name, reason=reason))
            continue
        layers.append(layer)
    return Switching(
        layers=tuple(layers),
        skipped=tuple(skipped),
        training=training,
        decided=frozenset(source.name for source in training),
    )


def runnable(report: Report, switched: Switching, mode: Mode, tensors: Iterable[Tensor]) -> Runnable:
    """The graph that computes these tensors in this mode; all of them are `fetchable`."""
    names = {tensor: tensor.name for tensor in tensors}
    program = needed(report.graph.graphdef, [*names.values(), *switched.decided])
    feeds = {
        source.name: np.asarray(value == (mode is Mode.TRAINING), _dtype(source))
        for source, value in switched.training.items()
    }
    return Runnable(mode=mode, program=program, feeds=feeds, names=names)


def unfetchable(tensor: Tensor) -> str | None:
    """Why the tensor cannot be fetched from the graph as it stands in the file; None where it can."""
    if tensor.node.functions:
        return f"it stands inside function {tensor.node.functions[-1]}, whose tensors cannot be fetched"
    if tensor.node.nodedef is None and tensor.node.stands_for is None:
        return "it is no tensor of the file"
    return None


def fetchable(tensors: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], tuple[Unprobed, ...]]:
    """The tensors that can be fetched, and the others with the reason."""
    reasons = {tensor: unfetchable(tensor) for tensor in tensors}
    return (
        tuple(tensor for tensor, reason in reasons.items() if reason is None),
        tuple(Unprobed(what=tensor.name, reason=reason) for tensor, reason in reasons.items() if reason),
    )


def _obstacle(layer: BatchNorm, training: dict[Tensor, bool]) -> str | None:
    """Why the layer cannot be switched; where it can, its source joins `training`."""
    switch = layer.switch
    if layer.mode is not Mode.SWITCHED or switch is None:
        decided = ""
        if switch is not None and switch.constant is not None:
            decided = (
                f": its predicate {switch.predicate.tensor.name} is always {str(switch.constant).lower()}"
            )
        return f"fixed to {layer.mode.value} in the file{decided}"
    source, value = switch.predicate.source, switch.training_when
    if source is None or value is None:
        why = switch.predicate.reason or "computed"
        return f"no single value decides it: its predicate {switch.predicate.tensor.name} is {why}"
    if unfetchable(source) is not None:
        return f"what decides it, {source.name}, cannot be fed"
    reason = unfetchable(layer.output)
    if reason is not None:
        return f"its output {layer.output.name}: {reason}"
    if training.setdefault(source, value) != value:
        return f"{source.name} sends it to training when it sends others to inference"
    return None


def _dtype(source: Tensor) -> np.dtype[Any]:
    """The dtype to feed a predicate's source in."""
    node = source.node
    name = node.attr("dtype") or node.attr("T") or "bool"
    return NUMPY.get(str(name), np.dtype(np.bool_))
