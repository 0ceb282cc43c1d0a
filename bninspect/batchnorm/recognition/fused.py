"""FusedBatchNorm, V2, V3, _FusedBatchNormEx, and BatchNormWithGlobalNormalization -> normalization sites.

Sources: tensorflow/core/ops/nn_ops.cc (inputs x, scale, offset, mean, variance; `is_training` true by
default, `epsilon` 1e-4) and ops/compat: BatchNormWithGlobalNormalization (t, m, v, beta, gamma;
`variance_epsilon`, `scale_after_normalization`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.layer import Lookalike, Unrecognised
from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.recognition.lookalikes import batch_in_channels, of_moments
from bninspect.batchnorm.recognition.moments import data_format_of
from bninspect.batchnorm.recognition.origin import origin
from bninspect.batchnorm.site import Batch, Chosen, Site, Stored, Undecided
from bninspect.graph.trace import number, same

if TYPE_CHECKING:
    from bninspect.batchnorm.site import Origin
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

_EPSILON = 1e-4
"""The default of the attribute, for files whose defaults were stripped."""


class _Inputs(NamedTuple):
    """What the op reads."""

    x: Tensor
    gamma: Tensor | None
    beta: Tensor
    mean: Tensor
    variance: Tensor


def fused(node: Node, graph: Graph, conditions: Conditions) -> Site | Lookalike | Unrecognised:
    """What one fused op is."""
    if len(node.inputs) < 5:
        return _short(node)
    x, gamma, beta, mean, variance = node.inputs[:5]
    data_format = data_format_of(node)
    moments: tuple[Origin, Origin]
    if node.attr("is_training", True):
        lookalike = batch_in_channels(node, graph)
        if lookalike is not None:
            return lookalike
        own = Batch(node=node, axes=(0, 2, 3) if data_format == "NCHW" else (0, 1, 2))
        moments = own, own
    else:
        moments = origin(mean, x, conditions), origin(variance, x, conditions)
    epsilon = number(node, "epsilon", _EPSILON)
    inputs = _Inputs(x, gamma, beta, mean, variance)
    return _site(node, Form.FUSED, moments, conditions, inputs, epsilon, data_format)


def global_normalization(node: Node, conditions: Conditions) -> Site | Lookalike | Unrecognised:
    """What one BatchNormWithGlobalNormalization is; its statistics are inputs, so they decide the mode."""
    if len(node.inputs) < 5:
        return _short(node)
    x, mean, variance, beta, gamma = node.inputs[:5]
    moments = origin(mean, x, conditions), origin(variance, x, conditions)
    epsilon = number(node, "variance_epsilon", None)
    is_scaled = node.attr("scale_after_normalization", True)
    inputs = _Inputs(x, gamma if is_scaled else None, beta, mean, variance)
    return _site(node, Form.GLOBAL, moments, conditions, inputs, epsilon, "NHWC")


def _short(node: Node) -> Unrecognised:
    return Unrecognised(node=node.label, reason=f"{node.op} with {len(node.inputs)} inputs instead of 5")


def _site(
    node: Node,
    form: Form,
    origins: tuple[Origin, Origin],
    conditions: Conditions,
    inputs: _Inputs,
    epsilon: float | None,
    data_format: str,
) -> Site | Lookalike | Unrecognised:
    """The site of a single op, where its statistics decide on a mode."""
    mean_origin, variance_origin = origins
    own = isinstance(mean_origin, Batch) and mean_origin.node is node
    x = same(inputs.x)
    mode = Mode.TRAINING if own else mode_of(mean_origin, variance_origin, node, x.node, conditions)
    if isinstance(mode, Lookalike):
        return mode
    if isinstance(mode, Undecided):
        return Unrecognised(node=node.label, reason=mode.reason)
    assert not isinstance(mean_origin, Undecided)
    assert not isinstance(variance_origin, Undecided)
    return Site(
        form=form,
        op=node.op,
        node=node,
        mode=mode,
        x=x,
        gamma=inputs.gamma,
        beta=inputs.beta,
        mean=inputs.mean,
        variance=inputs.variance,
        mean_origin=mean_origin,
        variance_origin=variance_origin,
        epsilon=epsilon,
        output=node.output(),
        data_format=data_format,
    )


def mode_of(
    mean: Batch | Stored | Chosen | Undecided,
    variance: Batch | Stored | Chosen | Undecided,
    node: Node,
    x: Node,
    conditions: Conditions,
) -> Mode | Lookalike | Undecided:
    """The mode of the two statistics together; a lookalike where their moments leave out the batch axis."""
    for one in (mean, variance):
        if isinstance(one, Undecided):
            return one
    if isinstance(mean, Stored) and isinstance(variance, Stored):
        return Mode.INFERENCE
    if isinstance(mean, Batch) and isinstance(variance, Batch):
        return of_moments(node, x, mean, variance) or Mode.TRAINING
    if isinstance(mean, Chosen) and isinstance(variance, Chosen):
        return _chosen(mean, variance, node, x, conditions)
    kinds = {Batch: "of the batch", Stored: "stored", Chosen: "chosen by a predicate"}
    return Undecided(
        reason=f"the mean is {kinds.get(type(mean), '?')}, the variance is {kinds.get(type(variance), '?')}"
    )


def _chosen(
    mean: Chosen, variance: Chosen, node: Node, x: Node, conditions: Conditions
) -> Mode | Lookalike | Undecided:
    """Both are chosen: by one predicate, and the same way?"""
    other = along(variance, mean.join.predicate, conditions)
    if isinstance(other, Undecided):
        return other
    if type(mean.if_true) is not type(other.if_true):
        return Undecided(
            reason="for one value of the predicate the mean is stored and the variance is of the batch"
        )
    moments = [side for origin in (mean, other) for side in (origin.if_true, origin.if_false)]
    batch = [side for side in moments if isinstance(side, Batch)]
    return of_moments(node, x, *batch) or Mode.SWITCHED


def along(variance: Chosen, predicate: Tensor, conditions: Conditions) -> Chosen | Undecided:
    """The choice of the variance, by the predicate of the mean, where the two have one value."""
    join = variance.join
    (source, negated), (other, turned) = conditions.base(predicate), conditions.base(join.predicate)
    if source != other:
        return Undecided(
            reason=f"mean and variance are chosen by different predicates, {predicate.name} and "
            f"{join.predicate.name}"
        )
    if negated == turned:
        return variance
    join = join._replace(predicate=predicate, if_true=join.if_false, if_false=join.if_true)
    return replace(
        variance,
        join=join,
        if_true=variance.if_false,
        if_false=variance.if_true,
        tensors=variance.tensors[::-1],
    )
