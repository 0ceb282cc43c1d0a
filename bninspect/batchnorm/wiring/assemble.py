"""Pairs and sites -> BatchNorm records: branches, switch, parameters and statistics gathered in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import BatchNorm, Branch, State, Statistics
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.naming import layer_name, parameter_scope
from bninspect.batchnorm.recognition.fused import along
from bninspect.batchnorm.site import Batch, Chosen, Site
from bninspect.batchnorm.stored import stored_statistics
from bninspect.batchnorm.switch import ModeSwitch
from bninspect.batchnorm.wiring.predicate import analyse
from bninspect.graph.trace import VARIABLES, content, declared_shape, value

if TYPE_CHECKING:
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.batchnorm.wiring.pairing import ModePair
    from bninspect.graph import Node, Tensor

_PRUNED = "training mode needs none, and none are in the file"


def from_pair(pair: ModePair) -> BatchNorm:
    """The layer of two sites in opposite branches."""
    switch = ModeSwitch(predicate=analyse(pair.predicate), training_when_predicate=pair.training_when)
    training = _branch(pair.training, pair.training_when)
    inference = _branch(pair.inference, not pair.training_when)
    written = pair.training if pair.inference.folded else pair.inference
    return _layer(written, switch, training, inference, pair.merges, pair.output)


def from_site(site: Site, conditions: Conditions) -> BatchNorm:
    """The layer of a site that stands alone: one mode, or one chain whose statistics are chosen."""
    if isinstance(site.mean_origin, Chosen) and isinstance(site.variance_origin, Chosen):
        variance = along(site.variance_origin, site.mean_origin.join.predicate, conditions)
        assert isinstance(variance, Chosen)
        return _of_chosen(site, site.mean_origin, variance)
    branch = _branch(site, None)
    training, inference = (branch, None) if site.mode is Mode.TRAINING else (None, branch)
    around = sorted(conditions.of(site.node), key=lambda pair: pair[0].name)
    return replace(_layer(site, None, training, inference, (), site.output), runs_when=tuple(around))


def _branch(site: Site, taken_when: bool | None) -> Branch:
    return Branch(
        node=site.node,
        taken_when=taken_when,
        output=site.output,
        mean=site.mean,
        variance=site.variance,
        site=site,
    )


def _of_chosen(site: Site, mean: Chosen, variance: Chosen) -> BatchNorm:
    """One chain, two Merges: the branches are what yields the mean in either mode."""
    training_when = isinstance(mean.if_true, Batch)
    switch = ModeSwitch(predicate=analyse(mean.join.predicate), training_when_predicate=training_when)
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
    return _layer(site, switch, branch(training_when), branch(not training_when), merges, site.output)


def _layer(
    site: Site,
    switch: ModeSwitch | None,
    training: Branch | None,
    inference: Branch | None,
    merges: tuple[Node, ...],
    output: Tensor,
) -> BatchNorm:
    """The record. A constant predicate fixes the mode, and the branch it never takes is dropped."""
    moving_mean, moving_variance = _moving(inference, training)
    gamma, beta = (None if tensor is None else value(tensor) for tensor in (site.gamma, site.beta))
    mode = Mode.SWITCHED if switch is not None else site.mode
    untaken = None
    if switch is not None and switch.constant is not None:
        if switch.constant == switch.training_when_predicate:
            mode, inference, untaken = Mode.TRAINING, None, inference
        else:
            mode, training, untaken = Mode.INFERENCE, None, training
    statistics = _statistics(inference or untaken, moving_mean, moving_variance)
    nodes = tuple(branch.node for branch in (training, inference) if branch is not None)
    name = None if site.carried is None else parameter_scope((gamma, beta, moving_mean))
    return BatchNorm(
        name=name or layer_name(output, nodes, (moving_mean, gamma, beta)),
        form=site.form,
        op=site.op,
        mode=mode,
        switch=switch,
        training=training,
        inference=inference,
        merges=merges,
        x=site.x,
        output=output,
        gamma=gamma,
        beta=beta,
        moving_mean=moving_mean,
        moving_variance=moving_variance,
        epsilon=site.epsilon,
        momentum=None,
        data_format=site.data_format,
        channels=_channels(statistics, (gamma, beta, moving_mean, moving_variance)),
        statistics=statistics,
        functions=next((node.functions for node in nodes if node.functions), ()),
        untaken=untaken,
    )


def _statistics(inference: Branch | None, mean: Tensor | None, variance: Tensor | None) -> Statistics:
    """The stored statistics; those that inference mode computes from what is stored are not read."""
    if inference is not None and inference.site.folded and mean is None:
        reason = f"they were folded into weights ({inference.node.op} {inference.node.label})"
        return Statistics(state=State.UNREAD, reason=reason)
    if inference is not None and (mean is None or variance is None):
        node = value(inference.mean).node
        return Statistics(
            state=State.UNREAD, reason=f"they are computed by {node.op} {node.label} when the model runs"
        )
    return stored_statistics(mean, variance, _PRUNED)


def _moving(inference: Branch | None, training: Branch | None) -> tuple[Tensor | None, Tensor | None]:
    """Where the moving statistics are: what inference reads, else what the training op is wired to."""
    for branch in (inference, training):
        if branch is None:
            continue
        found = value(branch.mean), value(branch.variance)
        if all(_is_kept(tensor) for tensor in found):
            return found
    return None, None


def _is_kept(tensor: Tensor) -> bool:
    """Whether a tensor is a place where statistics can be kept: not an empty constant, not a moment."""
    node = tensor.node
    if node.op == "Const":
        held = content(node)
        return held is not None and held.size > 0
    return node.op in VARIABLES or node.op.startswith("Placeholder")


def _channels(statistics: Statistics, tensors: tuple[Tensor | None, ...]) -> int | None:
    """The number of channels, by the first vector whose length is known."""
    if statistics.mean is not None:
        return statistics.mean.size
    for tensor in tensors:
        if tensor is None:
            continue
        held = content(tensor.node)
        if held is not None:
            return held.size
        shape = declared_shape(tensor.node) if tensor.node.op in VARIABLES else None
        if shape and all(size > 0 for size in shape):
            size = 1
            for one in shape:
                size *= one
            return int(size)
    return None
