"""The training side of a layer: which ops move its statistics, by which momentum, and whether a train op
runs them.

Found by edges: forward from the mean and the variance of the batch to the ops that assign what becomes of
them to a variable (`AssignMovingAvg` in its ref and resource forms, `ExponentialMovingAverage.apply`, a
plain assign, with another average behind it). Sources: tensorflow/python/training/moving_averages.py;
`moving = moving * momentum + batch * (1 - momentum)`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import BatchNorm, Mode, State
from bninspect.batchnorm.site import Batch, Chosen
from bninspect.batchnorm.statistics import stored_statistics
from bninspect.batchnorm.trace import IDENTITIES, MERGES, RESHAPES, VARIABLES, same, scalar, value
from bninspect.graphdef.library import FUSED_OPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bninspect.batchnorm.site import Site
    from bninspect.graphdef import Graph, Node, Tensor

_ASSIGNS = frozenset({
    "Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp",
})  # fmt: skip
_SUBTRACTING = frozenset({"AssignSub", "AssignSubVariableOp"})
_ONWARD = (
    IDENTITIES
    | RESHAPES
    | MERGES
    | {"Sub", "Add", "AddV2", "AddN", "Mul", "RealDiv", "Neg", "Select", "SelectV2", "Exit"}
)
_APPLIES = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")
_MOST_NODES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An op that moves one statistic."""

    node: Node
    variable: Tensor
    """What it changes: the variable, or the constant that freezing made of it."""
    momentum: float | None
    """None where it is no constant."""


class Training:
    """The train ops of a graph, and what they run."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.applies = [node for node in graph if node.op.startswith(_APPLIES)]

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
    def trainable(self) -> frozenset[str]:
        """Names of the variables in TRAINABLE_VARIABLES."""
        listed = self._graph.graphdef.collections.get("trainable_variables", ())
        return frozenset(name.partition(":")[0] for name in listed)


def with_updates(layers: Sequence[BatchNorm], graph: Graph) -> list[BatchNorm]:
    """The layers, with momentum, updates and trainable filled in as far as the graph has a training side."""
    if not any(node.op in _ASSIGNS for node in graph):
        return list(layers)
    training = Training(graph)
    return [_with_updates(layer, graph, training) for layer in layers]


def _with_updates(layer: BatchNorm, graph: Graph, training: Training) -> BatchNorm:
    branch = layer.branch(Mode.TRAINING)
    means = updates_from(_batch_tensors(branch.site, "mean"), graph) if branch is not None else []
    variances = updates_from(_batch_tensors(branch.site, "variance"), graph) if branch is not None else []
    if branch is not None and layer.inference is None and layer.untaken is None:
        layer = _with_variables(layer, means, variances)
    momenta = [update.momentum for update in (*means, *variances) if update.momentum is not None]
    layer = replace(layer, momentum=momenta[0] if momenta and len(set(momenta)) == 1 else None)
    if not training.applies:
        return layer
    run = [update.node in training.run for update in (*means, *variances)]
    return replace(
        layer,
        updates="none" if not run else ("run" if any(run) else "unused"),
        trainable=_trainable(layer, training),
    )


def _trainable(layer: BatchNorm, training: Training) -> tuple[str, ...]:
    """Which of the layer's variables are in TRAINABLE_VARIABLES."""
    kept = {
        "gamma": layer.gamma,
        "beta": layer.beta,
        "moving_mean": layer.moving_mean,
        "moving_variance": layer.moving_variance,
    }
    return tuple(
        name for name, tensor in kept.items() if tensor is not None and tensor.node.name in training.trainable
    )


def _with_variables(layer: BatchNorm, means: list[Update], variances: list[Update]) -> BatchNorm:
    """A layer that only trains keeps its statistics where its updates put them."""
    if not means or not variances or layer.statistics.state is not State.ABSENT:
        return layer
    mean, variance = means[-1].variable, variances[-1].variable
    return replace(
        layer, moving_mean=mean, moving_variance=variance, statistics=stored_statistics(mean, variance, "")
    )


def _batch_tensors(site: Site, which: str) -> list[Tensor]:
    """The tensors that hold the batch's mean or variance."""
    if site.node.op in FUSED_OPS and site.mode is Mode.TRAINING:
        return [site.node.output(1 if which == "mean" else 2)]
    origin = site.mean_origin if which == "mean" else site.variance_origin
    sides = (origin.if_true, origin.if_false) if isinstance(origin, Chosen) else (origin,)
    return [side.node.output() for side in sides if isinstance(side, Batch)]


def updates_from(statistics: Sequence[Tensor], graph: Graph) -> list[Update]:
    """The ops that assign something made of these tensors to a variable, nearest first; averages of that
    variable behind.
    """
    edge, seen = list(statistics), set(statistics)
    found: dict[Node, Update] = {}
    for tensor in edge:
        for node, slot in graph.uses_of(tensor):
            if node.op in _ASSIGNS and slot == 1:
                variable = _variable(node)
                if variable is None or node in found:
                    continue
                found[node] = Update(node=node, variable=variable, momentum=_momentum(node, variable))
                following = [variable, node.output()] if node.op in ("Assign", "AssignVariableOp") else []
            elif node.op in ("Switch", "RefSwitch"):
                following = [node.output(0), node.output(1)]
            elif node.op in _ONWARD:
                following = [node.output()]
            else:
                continue
            for after in following:
                if after not in seen and len(seen) < _MOST_NODES:
                    seen.add(after)
                    edge.append(after)
    return list(found.values())


def _variable(assign: Node) -> Tensor | None:
    """The variable an op changes (or the constant freezing put in its place)."""
    source = same(assign.inputs[0])
    return source if source.node.op in VARIABLES or source.node.op == "Const" else None


def _momentum(assign: Node, variable: Tensor) -> float | None:
    """The momentum of `v -= (v - batch) * (1 - momentum)` or `v = v * momentum + batch * (1 - momentum)`."""
    source = value(assign.inputs[1])
    if assign.op in _SUBTRACTING:
        rate = _factor_of(source, lambda tensor: value(tensor).node.op == "Sub", idle=0.0)
        return None if rate is None else 1.0 - rate
    if source.node.op in ("Add", "AddV2"):
        for side in source.node.inputs:
            kept = _factor_of(value(side), lambda tensor: value(tensor) == variable, idle=1.0)
            if kept is not None:
                return kept
    return None


def _factor_of(product: Tensor, is_other: Callable[[Tensor], bool], *, idle: float) -> float | None:
    """The number c of c * t, where t is the tensor looked for; None for anything else. `idle` is the number
    that would leave the statistic as it is.
    """
    if product.node.op != "Mul" or len(product.node.inputs) != 2:
        return None
    for one, other in (product.node.inputs, product.node.inputs[::-1]):
        number = _number(one, idle)
        if number is not None and is_other(other):
            return number
    return None


def _number(tensor: Tensor, idle: float) -> float | None:
    """A constant number, or 1 - a constant number, rounded to what float32 holds of it.

    A conditional that gives the idle number where nothing is to be learned (tf.layers: a momentum of 1, in
    1.7 a rate of 0) counts as its other side.
    """
    source = value(tensor)
    node = source.node
    if node.op in MERGES and len(node.inputs) == 2:
        sides = [scalar(side) for side in node.inputs]
        learning = [side for side in sides if side is not None and side != idle]
        found = learning[0] if len(learning) == 1 and None not in sides else None
    elif node.op == "Sub" and len(node.inputs) == 2:
        first, second = _number(node.inputs[0], idle), _number(node.inputs[1], 1.0 - idle)
        found = None if first is None or second is None else first - second
    else:
        found = scalar(tensor)
    return None if found is None else round(found, 7)
