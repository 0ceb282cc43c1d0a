"""Roots of a variance that make no layer: a lookalike, or what is said in its place. Nothing of other roots.

People clip the root, add epsilon to it, choose it by a predicate, store the standard deviation; they mask or
blend the moments. What divides by a root of something like a variance and cannot be decided is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Lookalike, Unrecognised
from bninspect.batchnorm.recognition.algebra import ADDS, DIVISIONS, INVERSES, Region
from bninspect.batchnorm.recognition.formula import difference_of
from bninspect.batchnorm.recognition.fused import mode_of
from bninspect.batchnorm.recognition.lookalikes import square_root_of
from bninspect.batchnorm.recognition.origin import origin
from bninspect.batchnorm.recognition.variance import CLIPS, is_parameter, is_variance_like
from bninspect.batchnorm.site import Undecided
from bninspect.graph.ops import IDENTITIES, MERGES, RESHAPES, SELECTS
from bninspect.graph.search import reach
from bninspect.graph.trace import is_scalar, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.recognition.formula import Match
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor, Use

_UNCHANGED = IDENTITIES | RESHAPES
_MOST_NODES = 24
_REASONS = {
    "Add": "epsilon is added to the root of the variance, where batch norm adds it to the variance",
    "Maximum": "the root of the variance is clipped, where batch norm adds epsilon to the variance",
    "Mul": "the root of the variance is scaled by a parameter before x - mean is divided by it",
    "Merge": "a predicate chooses a root of the variance, where batch norm chooses the variance: what is "
    "stored may be a standard deviation",
}
_NO_DIFFERENCE = "1/sqrt(variance + epsilon) is taken, and no x - mean is found that it scales"
_TRANSPOSED = "x - mean is transposed before 1/sqrt(variance + epsilon) scales it"


def without_match(
    root: Node, sign: int, radicand: Tensor, variance: Tensor, graph: Graph, conditions: Conditions
) -> list[Lookalike | Unrecognised]:
    """What a root is that scales no difference by the formula of batch norm."""
    behind = _behind(root, graph)
    divides = sign == 1 or any(_divides(node, graph) for node in behind)
    if not divides:
        return []
    lookalike = square_root_of(root, radicand)
    if lookalike is not None:
        return [lookalike]
    if not is_variance_like(variance, conditions):
        return []
    for node in behind[1:]:
        for match in Region({node: sign}, graph).matches:
            return _with_a_changed_root(match, node, variance, conditions)
    changed = any(node.op in ADDS for node in behind)
    if is_parameter(variance) and (changed or value(radicand) == value(variance)):
        return []  # a step of an optimizer: m / (sqrt(v) + epsilon)
    reason = _TRANSPOSED if _scales_a_transposed_difference(root, sign, graph) else _NO_DIFFERENCE
    return [Unrecognised(node=root.label, reason=reason)]


def _scales_a_transposed_difference(root: Node, sign: int, graph: Graph) -> bool:
    """Whether what the root flows into is multiplied with, or divides, the Transpose of a difference."""
    operands = (tensor for node in Region({root: sign}, graph).nodes for tensor in node.inputs)
    turned = (value(tensor).node for tensor in operands)
    return any(
        difference_of(value(node.inputs[0]).node) is not None for node in turned if node.op == "Transpose"
    )


def _behind(root: Node, graph: Graph) -> list[Node]:
    """The root, and what is made of it by handing on, clipping, scaling or choosing, or adding a number."""

    def onward(node: Node) -> Iterator[Node]:
        return (use.node for use in graph.uses(node) if _is_still_the_root(use))

    return list(reach([root], onward, _MOST_NODES))


def _is_still_the_root(use: Use) -> bool:
    op, inputs = use.node.op, use.node.inputs
    others = (tensor for slot, tensor in enumerate(inputs) if slot != use.slot)
    if op in CLIPS:
        return True  # whatever it is clipped by
    if op in ADDS:
        return all(is_scalar(tensor) for tensor in others)
    if op == "Mul" or (op in DIVISIONS and use.slot == 0):
        return all(is_parameter(tensor) for tensor in others)
    return (op in _UNCHANGED and use.slot == 0) or op in MERGES | SELECTS


def _divides(node: Node, graph: Graph) -> bool:
    """Whether something is divided by what the node gives."""
    return any(
        (use.node.op in DIVISIONS and use.slot == 1) or use.node.op in INVERSES for use in graph.uses(node)
    )


def _kind(op: str) -> str:
    """What was done to the root, as `_REASONS` calls it."""
    if op in MERGES | SELECTS:
        return "Merge"
    if op in CLIPS:
        return "Maximum"
    return "Add" if op in ADDS else "Mul"


def _with_a_changed_root(
    match: Match, changed: Node, variance: Tensor, conditions: Conditions
) -> list[Lookalike | Unrecognised]:
    """A normalization but for what is done to the root."""
    kind = _kind(changed.op)
    if kind != "Merge":
        moments = origin(match.mean, match.x, conditions), origin(variance, match.x, conditions)
        mode = mode_of(*moments, match.output.node, match.x.node, conditions)
        if isinstance(mode, Lookalike):
            return [] if _prepares_an_image(changed) else [mode]
        if isinstance(mode, Undecided):
            return [Unrecognised(node=match.output.node.label, reason=mode.reason)]
    return [Unrecognised(node=match.output.node.label, reason=_REASONS[kind])]


def _prepares_an_image(changed: Node) -> bool:
    """Whether a root is clipped by what is computed, as tf.image.per_image_standardization does by the size
    of the image: no layer does that to the moments of one image.
    """
    return changed.op in CLIPS and not any(is_scalar(tensor) for tensor in changed.inputs)
