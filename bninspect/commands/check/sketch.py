"""The wiring of one layer as plain data: what a picture of it needs, once the graph is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.branches import Fixed
from bninspect.batchnorm.mode import Mode
from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.branches import Branch


class Edge(NamedTuple):
    """An arrow between two nodes, which are named as reports name them."""

    start: str
    label: str
    """What the arrow says; empty for data."""
    end: str


@frozen_dataclass
class Sketch:
    """One layer: its input, its branches, what they normalize with, and what chooses between them."""

    layer: str
    edges: tuple[Edge, ...]
    training: str | None
    """The node of the branch that trains, where it may run."""
    inference: str | None


def sketch(layer: BatchNorm) -> Sketch:
    """The wiring of the layer."""
    serving = {mode: branch for mode in (Mode.TRAINING, Mode.INFERENCE) if (branch := _served(layer, mode))}
    return Sketch(
        layer=layer.name,
        edges=tuple(dict.fromkeys(edge for mode in serving for edge in _edges(layer, serving[mode], mode))),
        training=serving[Mode.TRAINING].node.label if Mode.TRAINING in serving else None,
        inference=serving[Mode.INFERENCE].node.label if Mode.INFERENCE in serving else None,
    )


def _served(layer: BatchNorm, mode: Mode) -> Branch | None:
    """The branch of a mode, if it may run."""
    branch = layer.wiring.branch(mode)
    return branch if branch is not None and branch in layer.wiring.served else None


def _edges(layer: BatchNorm, branch: Branch, mode: Mode) -> Iterator[Edge]:
    """The arrows into one branch, and out of it."""
    node = branch.node.label
    yield Edge(layer.x.node.label, "", node)
    if mode is Mode.TRAINING:
        yield Edge(layer.x.node.label, "moments of the batch", node)
    elif layer.moving is not None:
        yield Edge(layer.moving.mean.node.label, "moving mean", node)
        yield Edge(layer.moving.variance.node.label, "moving variance", node)
    wiring = layer.wiring
    if isinstance(wiring, Fixed):
        return
    switch = wiring.switch
    takes = switch.training_when_predicate if mode is Mode.TRAINING else not switch.training_when_predicate
    yield Edge(switch.predicate.tensor.node.label, str(takes).lower(), node)
    if switch.predicate.source is not None and switch.predicate.source != switch.predicate.tensor:
        yield Edge(switch.predicate.source.node.label, "", switch.predicate.tensor.node.label)
    for join in wiring.joins:
        yield Edge(node, "", join.label)
