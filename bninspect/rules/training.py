"""What rules ask of the training side: whether a graph is there to train, and what it trains from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode
from bninspect.batchnorm.trace import VARIABLES

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.graphdef import Tensor
    from bninspect.rules.rule import Case

NOT_SERVED = "a graph with a train op: training mode is right there; --deploy judges it as what is served"


def is_served(case: Case) -> bool:
    """Whether the graph as it stands is what gets served: not one that trains, unless it has a serving
    signature or the user says so.

    A mode that is fixed in Python is chosen anew when a graph is built for export, so a training graph says
    nothing of what will be served. A switch goes with the graph: rules on switches do not ask this.
    """
    trains = any(layer.updates is not None for layer in case.layers)
    return case.deploy or not trains or bool(case.report.graph.signatures)


def not_served(case: Case) -> str | None:
    """Why a rule on what is served says nothing of layers that train in this graph; None where it judges."""
    baked = any(layer.mode is Mode.TRAINING for layer in case.layers)
    return NOT_SERVED if baked and not is_served(case) else None


def trains(layer: BatchNorm) -> bool:
    """Whether the layer normalizes with its batch while the graph is trained."""
    return layer.updates is not None and layer.mode is not Mode.INFERENCE


def is_untrainable(layer: BatchNorm) -> bool:
    """Whether the layer was made with trainable=False: it has a gamma or beta, and the optimizer neither."""
    kept = [tensor for tensor in (layer.gamma, layer.beta) if tensor is not None]
    has = any(tensor.node.op in VARIABLES for tensor in kept)
    return has and layer.trainable is not None and not {"gamma", "beta"} & set(layer.trainable)


def statistics_of(layer: BatchNorm) -> dict[str, Tensor]:
    """Where the moving statistics are kept, by what they are."""
    kept = {"moving mean": layer.moving_mean, "moving variance": layer.moving_variance}
    return {name: tensor for name, tensor in kept.items() if tensor is not None}
