"""What rules ask of the training side: whether a graph is there to train, and what it trains from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode
from bninspect.batchnorm.wiring.deciding import only_in_training

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Tensor
    from bninspect.rules.rule import Case

UNTRAINABLE = (
    "TensorFlow 1.4 lists the updates of such a layer in UPDATE_OPS, 1.15 makes them and lists none, and a "
    "Keras layer of TensorFlow 2 runs in inference mode"
)
"""What trainable=False means together with training=True."""
NOT_SERVED = "a graph with a train op: training mode is right there; --deploy judges it as what is served"


def is_served(case: Case) -> bool:
    """Whether the graph as it stands is what gets served: not one that trains, unless it has a serving
    signature or the user says so.

    A mode that is fixed in Python is chosen anew when a graph is built for export, so a training graph says
    nothing of what will be served. A switch goes with the graph: rules on switches do not ask this.
    """
    return case.deploy or not case.report.is_for_training


def served_layers(case: Case) -> list[BatchNorm]:
    """The layers but those that run in training alone."""
    idle = only_in_training(case.layers)
    return [layer for layer in case.layers if layer not in idle]


def not_served(case: Case) -> str | None:
    """Why a rule on what is served says nothing of layers that train in this graph; None where it judges."""
    baked = any(layer.mode is Mode.TRAINING for layer in served_layers(case))
    return NOT_SERVED if baked and not is_served(case) else None


def first_calls(layers: Iterable[BatchNorm]) -> list[BatchNorm]:
    """Of the layers that read one set of moving statistics (towers, a call for evaluation) the first."""
    found: dict[object, BatchNorm] = {}
    for layer in layers:
        found.setdefault(layer.name if layer.moving_mean is None else layer.moving_mean, layer)
    return list(found.values())


def statistics_of(layer: BatchNorm) -> dict[str, Tensor]:
    """Where the moving statistics are kept, by what they are."""
    kept = {"moving mean": layer.moving_mean, "moving variance": layer.moving_variance}
    return {name: tensor for name, tensor in kept.items() if tensor is not None}
