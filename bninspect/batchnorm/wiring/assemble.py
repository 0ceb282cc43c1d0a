"""Pairs and sites -> BatchNorm records: branches, switch, parameters and statistics in one place."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from bninspect.batchnorm.branches import Branch, Fixed, wire
from bninspect.batchnorm.layer import BatchNorm, MovingStatistics, State, Statistics
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.naming import layer_name, parameter_scope
from bninspect.batchnorm.recognition.fused import along
from bninspect.batchnorm.site import Batch, Chosen, Site
from bninspect.batchnorm.stored import EMPTY, NO_VALUE, stored_statistics
from bninspect.batchnorm.switch import ModeSwitch
from bninspect.batchnorm.wiring.sets import not_one, sets_of
from bninspect.graph.ops import VARIABLES
from bninspect.graph.trace import content, declared_shape, value
from bninspect.text import listed

if TYPE_CHECKING:
    from bninspect.batchnorm.branches import Wiring
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.batchnorm.wiring.demand import Demand
    from bninspect.batchnorm.wiring.likeness import ModePair
    from bninspect.batchnorm.wiring.nested import Deciders
    from bninspect.graph import Tensor

_PRUNED = "training mode needs none, and none are in the file"


def from_pair(pair: ModePair, deciders: Deciders, conditions: Conditions) -> BatchNorm:
    """The layer of two sites in opposite branches."""
    switch = ModeSwitch(predicate=deciders.of(pair.predicate), training_when_predicate=pair.training_when)
    training = _branch(pair.training, pair.training_when)
    inference = _branch(pair.inference, not pair.training_when)
    written = pair.training if pair.inference.folded else pair.inference
    wiring = wire(switch, training, inference, pair.merges)
    return _layer(written, wiring, pair.output, conditions, pair.again)


def from_site(
    site: Site, deciders: Deciders, conditions: Conditions, demand: Demand | None = None
) -> BatchNorm:
    """The layer of a site that stands alone: one mode, or one chain whose statistics are chosen.

    With the demand of the outputs, a layer in training mode runs when a Select hands it on, too.
    """
    mean = site.mean_origin
    if isinstance(mean, Chosen):
        assert isinstance(site.variance_origin, Chosen)  # or it were no site
        variance = along(site.variance_origin, mean.join.predicate, conditions)
        assert isinstance(variance, Chosen)
        return _of_chosen(site, mean, variance, deciders, conditions)
    runs = conditions.of(site.node)
    if demand is not None and site.mode is Mode.TRAINING:
        runs |= demand.condition(site.output.node)
    around = sorted(runs, key=lambda pair: pair[0].name)
    wiring = Fixed(mode=site.mode, only=_branch(site, None), runs_when=tuple(around))
    return _layer(site, wiring, site.output, conditions)


def _branch(site: Site, taken_when: bool | None) -> Branch:
    return Branch(
        node=site.node,
        taken_when=taken_when,
        output=site.output,
        mean=site.mean,
        variance=site.variance,
        site=site,
    )


def _of_chosen(
    site: Site, mean: Chosen, variance: Chosen, deciders: Deciders, conditions: Conditions
) -> BatchNorm:
    """One chain, two Merges: the branches are what yields the mean in either mode."""
    training_when = isinstance(mean.if_true, Batch)
    switch = ModeSwitch(predicate=deciders.of(mean.join.predicate), training_when_predicate=training_when)
    sides = {True: (mean.if_true, variance.if_true), False: (mean.if_false, variance.if_false)}
    inputs = {
        True: (mean.tensors[0], variance.tensors[0]),
        False: (mean.tensors[1], variance.tensors[1]),
    }

    def branch(taken: bool) -> Branch:
        return Branch(
            node=sides[taken][0].node,
            taken_when=taken,
            output=site.output,
            mean=inputs[taken][0],
            variance=inputs[taken][1],
            site=site,
        )

    merges = tuple(dict.fromkeys((mean.join.node, variance.join.node, *mean.inner, *variance.inner)))
    if site.carried is not None:
        merges = site.carried.merges
    wiring = wire(switch, branch(training_when), branch(not training_when), merges)
    return _layer(site, wiring, site.output, conditions)


def _layer(
    site: Site, wiring: Wiring, output: Tensor, conditions: Conditions, again: tuple[Site, ...] = ()
) -> BatchNorm:
    """The record of a layer that is written and wired so."""
    only, sets = sets_of(wiring, output, again, conditions)
    moving = None if sets else _moving(wiring, only)
    gamma = None if site.gamma is None else value(site.gamma)
    beta = None if site.beta is None else value(site.beta)
    statistics = not_one(sets) if sets else _statistics(wiring, moving)
    kept = () if moving is None else (moving.mean, moving.variance)
    nodes = tuple(branch.node for branch in wiring.served)
    name = None if site.carried is None else parameter_scope((gamma, beta, *kept))
    return BatchNorm(
        name=name or layer_name(output, nodes, (*kept[:1], gamma, beta)),
        form=site.form,
        op=site.op,
        wiring=wiring,
        x=site.x,
        output=output,
        gamma=gamma,
        beta=beta,
        moving=moving,
        epsilon=site.epsilon,
        momentum=None,
        data_format=site.data_format,
        channels=_channels(statistics, (gamma, beta, *kept, *(one.moving.mean for one in sets))),
        statistics=statistics,
        again=again,
        sets=sets,
        functions=next((node.functions for node in nodes if node.functions), ()),
    )


def _statistics(wiring: Wiring, moving: MovingStatistics | None) -> Statistics:
    """The stored statistics; those that inference mode computes from what is stored are not read."""
    if moving is not None:
        return stored_statistics(moving)
    inference = wiring.branch(Mode.INFERENCE)
    if inference is None:
        return Statistics(state=State.ABSENT, reason=_pruned(wiring))
    if inference.site.folded:
        reason = f"they were folded into weights ({inference.node.op} {inference.node.label})"
        return Statistics(state=State.UNREAD, reason=reason)
    mean, variance = value(inference.mean), value(inference.variance)
    if _is_empty(mean) or _is_empty(variance):
        return Statistics(state=State.ABSENT, reason=EMPTY)
    node = (variance if _is_kept(mean) else mean).node
    if node.op == "Const":
        return Statistics(state=State.UNREAD, reason=NO_VALUE)
    return Statistics(
        state=State.UNREAD, reason=f"they are computed by {node.op} {node.label} when the model runs"
    )


def _pruned(wiring: Wiring) -> str:
    """Why a layer in training mode has no stored statistics; of batch renormalization, what it reads."""
    renormalization = wiring.served[0].site.renormalization
    if renormalization is None:
        return _PRUNED
    names = listed([one.name for one in renormalization.stored])
    cancel = "; nothing clips these, so that they cancel the moments of the batch"
    return f"batch renormalization reads {names} for r and d alone{cancel if renormalization.cancels else ''}"


def _moving(wiring: Wiring, only: MovingStatistics | None) -> MovingStatistics | None:
    """Where the moving statistics are: the only ones that can serve inference mode, or what that reads, else
    what the training op is wired to, or batch renormalization corrects its batch by.
    """
    if only is not None and _is_kept(only.mean) and _is_kept(only.variance):
        return only
    for branch in (wiring.branch(Mode.INFERENCE), wiring.branch(Mode.TRAINING)):
        if branch is None:
            continue
        mean, variance = value(branch.mean), value(branch.variance)
        if _is_kept(mean) and _is_kept(variance):
            return MovingStatistics(mean=mean, variance=variance)
    renormalization = wiring.served[0].site.renormalization
    if renormalization is not None and renormalization.moving is not None:
        mean, variance = renormalization.moving
        return MovingStatistics(mean=mean, variance=variance)
    return None


def _is_kept(tensor: Tensor) -> bool:
    """Whether a tensor is a place where statistics can be kept: not an empty constant, not a moment."""
    node = tensor.node
    held = content(node)
    if held is not None:
        return held.size > 0
    return node.op in VARIABLES or node.op.startswith("Placeholder")


def _is_empty(tensor: Tensor) -> bool:
    """Whether it is a constant without an element."""
    held = content(tensor.node)
    return held is not None and held.size == 0


def _channels(statistics: Statistics, tensors: tuple[Tensor | None, ...]) -> int | None:
    """The number of channels, by the first vector whose length is known."""
    if statistics.values is not None:
        return statistics.values.mean.size
    for tensor in tensors:
        if tensor is None:
            continue
        held = content(tensor.node)
        if held is not None:
            return held.size
        shape = declared_shape(tensor.node) if tensor.node.op in VARIABLES else None
        if shape and all(size > 0 for size in shape):
            return prod(shape)
    return None
