"""The training side of a layer: which ops move its statistics, by which momentum, and whether a train op
runs them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import BatchNorm, MovingStatistics, State
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.site import Batch, Chosen
from bninspect.batchnorm.stored import stored_statistics
from bninspect.batchnorm.training.assigns import Update, updates_behind, updates_from, updates_of
from bninspect.batchnorm.training.train_ops import Training
from bninspect.graph.functions.library import FUSED_OPS
from bninspect.graph.trace import same

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bninspect.batchnorm.site import Site
    from bninspect.graph import Graph, Node, Tensor


def with_updates(layers: Sequence[BatchNorm], graph: Graph) -> list[BatchNorm]:
    """The layers of a graph with a training side, with momentum, updates and trainable filled in."""
    found = _with_variables(layers, graph)
    training = Training(graph, {update.node for _, updates in found for update in updates})
    moved: dict[Tensor, dict[Node, Update]] = {}
    for _, updates in found:
        for update in updates:
            moved.setdefault(update.variable, {})[update.node] = update
    return [_with_updates(layer, updates, moved, graph, training) for layer, updates in found]


def _with_variables(layers: Sequence[BatchNorm], graph: Graph) -> list[tuple[BatchNorm, list[Update]]]:
    """Per layer (the layer, what updates are made of its batch's moments)."""
    moments = {layer: _moments(layer) for layer in layers}
    sides = {layer: [updates_from(tensors, graph) for tensors in pair] for layer, pair in moments.items()}
    if any(tensors for layer, found in sides.items() if not all(found) for tensors in moments[layer]):
        behind = updates_behind({one for pair in moments.values() for side in pair for one in side}, graph)
        for layer, found in sides.items():
            for index, tensors in enumerate(moments[layer]):
                more = [update for tensor in tensors for update in behind.get(tensor, ())]
                found[index] = found[index] or more
    return [_kept(layer, *found) for layer, found in sides.items()]


def _moments(layer: BatchNorm) -> tuple[list[Tensor], list[Tensor]]:
    """The tensors that hold the batch's mean, and its variance; none where the layer never trains."""
    branch = layer.branch(Mode.TRAINING)
    if branch is None:
        return [], []
    return _batch_tensors(branch.site, "mean"), _batch_tensors(branch.site, "variance")


def _kept(layer: BatchNorm, means: list[Update], variances: list[Update]) -> tuple[BatchNorm, list[Update]]:
    """(the layer, its updates). One that only trains keeps its statistics where its updates put them."""
    alone = layer.branch(Mode.INFERENCE) is None
    if alone and means and variances and layer.statistics.state is State.ABSENT:
        moving = MovingStatistics(mean=means[-1].variable, variance=variances[-1].variable)
        layer = replace(layer, moving=moving, statistics=stored_statistics(moving))
    return layer, [*means, *variances]


def _batch_tensors(site: Site, which: str) -> list[Tensor]:
    """The tensors that hold the batch's mean or variance."""
    if site.node.op in FUSED_OPS and site.mode is Mode.TRAINING:
        return [site.node.output(1 if which == "mean" else 2)]
    origin = site.mean_origin if which == "mean" else site.variance_origin
    sides = (origin.if_true, origin.if_false) if isinstance(origin, Chosen) else (origin,)
    moments = [side for side in sides if isinstance(side, Batch)]
    port = 1 if which == "mean" else 2
    return [
        *(node.output(port) for side in moments for node in side.fused),
        *(side.node.output() for side in moments if side.node not in side.fused),
    ]


def _with_updates(
    layer: BatchNorm,
    from_batch: list[Update],
    moved: dict[Tensor, dict[Node, Update]],
    graph: Graph,
    training: Training,
) -> BatchNorm:
    """The layer with its training side; `moved` is what any layer's moments are assigned to."""
    sides = [
        list(moved.get(kept, {}).values()) or updates_of(kept, {same(layer.x).node}, graph)
        for kept in (layer.moving_mean, layer.moving_variance)
        if kept is not None
    ]
    own = [update for side in sides for update in side]
    momenta = _momenta(own) or _momenta(from_batch)
    layer = replace(
        layer,
        momentum=momenta.pop() if len(momenta) == 1 else None,
        update_ops=tuple(dict.fromkeys(update.node for update in own)),
    )
    if not training.applies:
        return layer
    run, at_once = (
        [any(update.node in nodes for update in side) for side in sides if side]
        for nodes in (training.run, training.run_by_optimizer)
    )
    is_run = bool(run) and all(run)
    mine = {update.node for update in from_batch}
    return replace(
        layer,
        updates="run" if is_run else "unused" if run else "none",
        idle_update_ops=tuple(node for node in layer.update_ops if node not in training.run),
        updated_by_others=is_run and bool(mine) and mine.isdisjoint(training.run),
        updates_apart=is_run and not all(at_once),
        trainable=_trainable(layer, training),
    )


def _momenta(updates: Iterable[Update]) -> set[float]:
    return {update.momentum for update in updates if update.momentum is not None}


def _trainable(layer: BatchNorm, training: Training) -> tuple[str, ...] | None:
    """Which of the layer's variables are in TRAINABLE_VARIABLES; None where the graph has no such list."""
    listed = training.trainable
    if listed is None:
        return None
    kept = {
        "gamma": layer.gamma,
        "beta": layer.beta,
        "moving_mean": layer.moving_mean,
        "moving_variance": layer.moving_variance,
    }
    return tuple(name for name, tensor in kept.items() if tensor is not None and tensor.node.name in listed)
