"""The training side of a layer: which ops move its statistics, by which momentum, and whether a train op
runs them; and the training side of the graph, its train ops and their count of steps.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from bninspect.batchnorm.assigns import (
    ADDS_IN_PLACE,
    ASSIGNS,
    REPLACING,
    Update,
    is_made_of,
    updates_behind,
    updates_from,
    updates_of,
)
from bninspect.batchnorm.layer import BatchNorm, Mode, State
from bninspect.batchnorm.site import Batch, Chosen
from bninspect.batchnorm.statistics import stored_statistics
from bninspect.batchnorm.trace import VARIABLES, same, scalar
from bninspect.graphdef.library import FUSED_OPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bninspect.batchnorm.layer import Report
    from bninspect.batchnorm.site import Site
    from bninspect.graphdef import Graph, Node, Tensor

_APPLIES = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")
_INPUTS = ("Placeholder", "Iterator", "QueueDequeue")
_WHOLE_NUMBERS = frozenset({"int32", "int64"})


class Training:
    """The train ops of a graph, and what they run."""

    def __init__(self, graph: Graph, averages: Collection[Node] = ()) -> None:
        """`averages`: ops that update moving statistics, which are no steps of the training themselves."""
        self._graph = graph
        self._averages = averages
        self.applies = [node for node in graph if node.op.startswith(_APPLIES)] or self._steps_by_hand()

    def _steps_by_hand(self) -> list[Node]:
        """Where no optimizer of TensorFlow is: assigns to trainable variables that are made of the variable
        itself and of what is fed, as `w = w - rate*gradient` is (Keras up to 2.2 trains so). An assign of a
        placeholder alone loads a value.
        """
        if not self.trainable:
            return []
        assigns = [
            node
            for node in self._graph
            if node.op in ASSIGNS and len(node.inputs) > 1 and node not in self._averages
        ]
        fed = self._fed() if assigns else set()
        return [node for node in assigns if node.inputs[1].node in fed and self._learns(node)]

    def _learns(self, assign: Node) -> bool:
        variable = same(assign.inputs[0])
        if variable.node.name not in (self.trainable or ()):
            return False
        return assign.op not in REPLACING or is_made_of(assign.inputs[1].node, {variable.node})

    def _fed(self) -> set[Node]:
        """Every node that depends on an input by data."""
        found = [node for node in self._graph if node.op.startswith(_INPUTS)]
        seen = set(found)
        for node in found:
            for use in self._graph.uses(node):
                if use.node not in seen:
                    seen.add(use.node)
                    found.append(use.node)
        return seen

    @cached_property
    def run(self) -> set[Node]:
        """Every node that some train op runs: what the optimizers' ops, and all that waits for them, depend
        on.
        """
        dependents: dict[Node, list[Node]] = {}
        for node in self._graph:
            for before in {*(tensor.node for tensor in node.inputs), *node.controls}:
                dependents.setdefault(before, []).append(node)
        ends, seen = list(self.applies), set(self.applies)
        for node in ends:
            for after in dependents.get(node, ()):
                if after not in seen:
                    seen.add(after)
                    ends.append(after)
        return self._graph.ancestors(ends)

    @cached_property
    def run_by_optimizer(self) -> set[Node]:
        """Every node that the optimizers' ops themselves depend on, or what the collection TRAIN_OP lists."""
        listed = [self._graph.node(name) for name in self._listed("train_op") if name in self._graph]
        return self._graph.ancestors([*self.applies, *listed])

    @cached_property
    def trainable(self) -> frozenset[str] | None:
        """Names of the variables in TRAINABLE_VARIABLES; None in a graph without that collection."""
        listed = self._listed("trainable_variables")
        return frozenset(listed) if listed else None

    @cached_property
    def global_step(self) -> Node | None:
        """The variable that counts the steps: the one of the collection, else the only whole number that a
        train op adds 1 to. None where there is none, or several.
        """
        listed = {self._graph.node(name) for name in self._listed("global_step") if name in self._graph}
        counted = {
            same(node.inputs[0]).node
            for node in self._graph
            if node.op in ADDS_IN_PLACE
            and node in self.run
            and [scalar(one) for one in node.inputs[1:]] == [1]
        }
        whole = {node for node in counted if node.op in VARIABLES and node.attr("dtype") in _WHOLE_NUMBERS}
        found = listed or whole
        return found.pop() if len(found) == 1 else None

    def _listed(self, collection: str) -> list[str]:
        """Names of the nodes in a collection."""
        return [name.partition(":")[0] for name in self._graph.graphdef.collections.get(collection, ())]


def training_of(report: Report) -> Training:
    """The training side of a graph whose layers are known."""
    return Training(report.graph, {node for layer in report.layers for node in layer.update_ops})


def with_updates(layers: Sequence[BatchNorm], graph: Graph) -> list[BatchNorm]:
    """The layers, with momentum, updates and trainable filled in as far as the graph has a training side."""
    if not any(node.op in ASSIGNS or node.op.startswith(_APPLIES) for node in graph):
        return list(layers)
    found = _with_variables(layers, graph)
    training = Training(graph, {update.node for _, updates in found for update in updates})
    moved: dict[Tensor, dict[Node, Update]] = {}
    for _, updates in found:
        for update in updates:
            moved.setdefault(update.variable, {})[update.node] = update
    return [_with_updates(layer, updates, moved, graph, training) for layer, updates in found]


def _with_variables(layers: Sequence[BatchNorm], graph: Graph) -> list[tuple[BatchNorm, list[Update]]]:
    """Per layer (the layer, what updates are made of its batch's moments)."""
    moments = [_moments(layer) for layer in layers]
    sides = [[updates_from(tensors, graph) for tensors in pair] for pair in moments]
    if any(pair[0] and not all(found) for pair, found in zip(moments, sides, strict=True)):
        behind = updates_behind({tensor.node for pair in moments for side in pair for tensor in side}, graph)
        for pair, found in zip(moments, sides, strict=True):
            for index, tensors in enumerate(pair):
                if not all(found):
                    more = [update for tensor in tensors for update in behind.get(tensor.node, ())]
                    found[index] = found[index] or more
    return [_kept(layer, *found) for layer, found in zip(layers, sides, strict=True)]


def _moments(layer: BatchNorm) -> tuple[list[Tensor], list[Tensor]]:
    """The tensors that hold the batch's mean, and its variance; none where the layer never trains."""
    branch = layer.branch(Mode.TRAINING)
    if branch is None:
        return [], []
    return _batch_tensors(branch.site, "mean"), _batch_tensors(branch.site, "variance")


def _kept(layer: BatchNorm, means: list[Update], variances: list[Update]) -> tuple[BatchNorm, list[Update]]:
    """(the layer, its updates). One that only trains keeps its statistics where its updates put them."""
    alone = layer.inference is None and layer.untaken is None
    if alone and means and variances and layer.statistics.state is State.ABSENT:
        mean, variance = means[-1].variable, variances[-1].variable
        layer = replace(
            layer,
            moving_mean=mean,
            moving_variance=variance,
            statistics=stored_statistics(mean, variance, ""),
        )
    return layer, [*means, *variances]


def _batch_tensors(site: Site, which: str) -> list[Tensor]:
    """The tensors that hold the batch's mean or variance."""
    if site.node.op in FUSED_OPS and site.mode is Mode.TRAINING:
        return [site.node.output(1 if which == "mean" else 2)]
    origin = site.mean_origin if which == "mean" else site.variance_origin
    sides = (origin.if_true, origin.if_false) if isinstance(origin, Chosen) else (origin,)
    return [side.node.output() for side in sides if isinstance(side, Batch)]


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
    return replace(
        layer,
        updates="none" if not run else ("run" if all(run) else "unused"),
        updates_apart=bool(run) and all(run) and not all(at_once),
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
