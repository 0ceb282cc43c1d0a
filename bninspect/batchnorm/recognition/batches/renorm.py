"""Batch renormalization in training mode: r and d, which correct the moments of the batch by stored ones.

    y = ((x - mean) / sqrt(variance + epsilon) * r + d) * gamma + beta
    r = sqrt(variance + epsilon) / deviation        d = (mean - stored mean) / deviation

both clipped, or not: then the moments of the batch cancel, and y is ((x - stored mean) / deviation) * gamma +
beta. Inference mode has neither, so that gamma and beta are what is left without them.

Source: Ioffe 2017, arXiv:1702.03275, "Batch Renormalization".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.recognition.algebra import ADDS, DIVISIONS, root_of
from bninspect.batchnorm.recognition.epsilon import variance_and_epsilon
from bninspect.batchnorm.recognition.moments import Walk
from bninspect.batchnorm.recognition.variance import is_parameter, unclipped
from bninspect.batchnorm.site import Renormalization, Undecided
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.search import reach
from bninspect.graph.trace import is_scalar, same, value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.batchnorm.recognition.formula import Match
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Tensor

_MOST_PARTS = 16
"""Of a product or a sum."""


@frozen_dataclass
class Uncorrected:
    """A normalization without what corrects it."""

    match: Match
    """With the gamma and beta of inference mode."""
    renormalization: Renormalization | None = None
    """What was taken off; None where nothing corrects it."""


def uncorrected(match: Match, behind: tuple[Tensor, ...], conditions: Conditions) -> Uncorrected | Undecided:
    """A normalization with the moments of its batch, without r and d; `behind` are those that stand behind.

    Undecided where gamma or beta are made of the batch, too, and cannot be separated from r and d.
    """
    corrections = list(behind)
    gamma: list[Tensor] = []
    for factor in match.gamma:
        parts = [factor] if is_parameter(factor) else _parts(factor, frozenset({"Mul"}))
        taken = [part for part in parts if corrects(part, match.x)]
        corrections += taken
        gamma += [part for part in parts if part not in taken] if taken else [factor]
    terms = () if match.beta is None or is_parameter(match.beta) else _parts(match.beta, ADDS)
    beta = [match.beta] if match.beta is not None and not terms else []
    for term in terms:
        taken = [part for part in _parts(term, frozenset({"Mul"})) if corrects(part, match.x)]
        corrections += taken
        beta += [] if taken else [term]
    if not corrections:
        return Uncorrected(match=match)
    if len(beta) > 1 or any(same(one).node.op == "Sub" for one in corrections):
        return Undecided(reason="its gamma and beta are computed from the batch, and not as r and d are")
    return Uncorrected(
        match=replace(match, gamma=tuple(gamma), beta=beta[0] if beta else None),
        renormalization=_renormalization(match, corrections, conditions),
    )


def corrects(tensor: Tensor, x: Tensor) -> bool:
    """Whether it is made of moments of the batch and of stored statistics."""
    return bool(_stored_in(tensor, x))


def _stored_in(tensor: Tensor, x: Tensor) -> list[Tensor]:
    """The stored statistics that a correction is made of; none where it is no correction."""
    if is_parameter(tensor) or is_scalar(tensor):
        return []
    walk = Walk(x)
    if walk.back_from(value(tensor)) is not None or not walk.reached_x or walk.unreduced:
        return []
    return [] if 0 not in (walk.axes() or ()) else [one for one in walk.stored if one not in walk.shifts]


def _parts(whole: Tensor, ops: frozenset[str]) -> list[Tensor]:
    """What it is the sum or the product of, by these ops: itself where it is none."""

    def inner(tensor: Tensor) -> Iterable[Tensor]:
        return map(same, tensor.node.inputs) if tensor.node.op in ops else ()

    return [part for part in reach([same(whole)], inner, _MOST_PARTS) if part.node.op not in ops]


def _renormalization(match: Match, corrections: list[Tensor], conditions: Conditions) -> Renormalization:
    stored = dict.fromkeys(one for part in corrections for one in _stored_in(part, match.x))
    return Renormalization(
        stored=tuple(sorted(stored, key=lambda tensor: tensor.name)),
        cancels=_cancel(match, corrections),
        moving=next((found for part in corrections if (found := _moving(part, match, conditions))), None),
    )


def _cancel(match: Match, corrections: list[Tensor]) -> bool:
    """Whether r and d are two quotients by one deviation, neither of them clipped."""
    quotients = [same(one).node for one in corrections]
    if len(quotients) != 2 or any(node.op not in DIVISIONS for node in quotients):
        return False
    (root, deviation), (difference, other) = (map(same, node.inputs[:2]) for node in quotients)
    return root_of(root.node) is not None and _takes_off(difference, match) and deviation == other


def _moving(correction: Tensor, match: Match, conditions: Conditions) -> tuple[Tensor, Tensor] | None:
    """The stored mean and variance of d, where it divides by the root of a stored variance; else None."""
    node = unclipped(correction).node
    if node.op not in DIVISIONS or not _takes_off(same(node.inputs[0]), match):
        return None
    mean, root = value(value(node.inputs[0]).node.inputs[1]), root_of(value(node.inputs[1]).node)
    variance = None if root is None else value(variance_and_epsilon(root[0], conditions)[0])
    stored = variance is not None and is_parameter(variance) and is_parameter(mean)
    return (mean, variance) if stored and variance is not None else None


def _takes_off(difference: Tensor, match: Match) -> bool:
    """Whether it is the mean of the batch less something."""
    node = difference.node
    return node.op == "Sub" and value(node.inputs[0]) == value(match.mean)
