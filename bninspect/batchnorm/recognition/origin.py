"""Where a mean or a variance comes from: the batch at hand, storage, or a choice between the two.

Decided by what the statistic depends on: walk back from it until the normalized x (then it is a moment of the
batch), constants and variables (then it is stored), or anything else (then it is undecided, with the reason).
Covers `tf.nn.moments` of every TensorFlow (Mean(SquaredDifference(x, StopGradient(Mean(x)))), and before 2016
Mean(Square(x - shift)) - Square(...)), counts and sums, cross-replica means, and the batch outputs of a fused
op.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.recognition.lookalikes import over_the_same
from bninspect.batchnorm.recognition.moments import Walk, is_stored
from bninspect.batchnorm.site import Batch, Chosen, Origin, Stored, Undecided
from bninspect.batchnorm.wiring.alternatives import alternatives
from bninspect.batchnorm.wiring.conditions import Join
from bninspect.batchnorm.wiring.nested import decision
from bninspect.graph.shapes import rank
from bninspect.graph.trace import value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bninspect.batchnorm.wiring.conditions import Conditions, Context
    from bninspect.graph import Node, Tensor


def origin(
    statistic: Tensor, x: Tensor, conditions: Conditions, beneath: Callable[[Tensor], Tensor] = value
) -> Origin:
    """What this mean or variance of a layer normalizing x is.

    `beneath` gives the statistic itself for what is made of it before anything chooses (epsilon added).
    """
    source = beneath(statistic)
    join = conditions.join(source.node) if source.port == 0 else None
    if join is None:
        return _unconditional(source, x)
    predicate, negated = conditions.base(join.predicate)
    found = [
        _side(tensor, frozenset({(predicate, taken != negated)}), x, conditions, beneath)
        for tensor, taken in ((join.if_true, True), (join.if_false, False))
    ]
    for side, _, _ in found:
        if isinstance(side, Undecided):
            return _nested(source, x, conditions, beneath) or side
    (if_true, first, joins), (if_false, second, others) = found
    assert isinstance(if_true, Batch | Stored)
    assert isinstance(if_false, Batch | Stored)
    if type(if_true) is type(if_false):
        one = if_true if isinstance(if_true, Batch) else Stored(node=source.node, source=None)
        return _over_several_axes(source, x, (if_true, if_false)) or one
    inner = [node for node in (*joins, *others) if conditions.is_on(node, predicate)]
    tensors = (first or join.if_true, second or join.if_false)
    return Chosen(
        join=join, if_true=if_true, if_false=if_false, tensors=tensors, inner=tuple(dict.fromkeys(inner))
    )


def _nested(
    source: Tensor, x: Tensor, conditions: Conditions, beneath: Callable[[Tensor], Tensor]
) -> Chosen | None:
    """The choice that conditionals within conditionals make together; None where they make none between one
    moment of x, which several of them may take, and one stored value.
    """
    known: dict[Tensor, Batch | Stored | Undecided] = {}

    def is_of_the_batch(tensor: Tensor) -> bool | None:
        side = known.setdefault(beneath(tensor), _unconditional(beneath(tensor), x))
        return None if isinstance(side, Undecided) else isinstance(side, Batch)

    made = decision(source, is_of_the_batch, conditions)
    batch = [(tensor, side) for tensor, side in known.items() if isinstance(side, Batch)]
    stored = [(tensor, side) for tensor, side in known.items() if isinstance(side, Stored)]
    kinds = {(side.axes, side.of_x) for _, side in batch}
    if made is None or len(kinds) != 1 or any(side != stored[0][1] for _, side in stored):
        return None
    return Chosen(
        join=Join(source.node, made.predicate, batch[0][0], stored[0][0]),
        if_true=batch[0][1],
        if_false=stored[0][1],
        tensors=(batch[0][0], stored[0][0]),
        inner=made.joins[1:],
    )


def _side(
    tensor: Tensor, given: Context, x: Tensor, conditions: Conditions, beneath: Callable[[Tensor], Tensor]
) -> tuple[Batch | Stored | Undecided, Tensor | None, tuple[Node, ...]]:
    """(one side of a choice, what it is at its source, the Merges it comes through).

    The source is None where the side is handed on as it is. A choice within a choice is decided where all of
    it is of the batch, or all of it stored.
    """
    every = alternatives(tensor, conditions, given)
    sources = [beneath(one.tensor) for one in every]
    found = [_unconditional(source, x) for source in sources]
    for side in found:
        if isinstance(side, Undecided):
            return side, None, ()
    if not found:
        return Undecided(reason=f"no side of {tensor.name} can be taken"), None, ()
    first, *others = found
    if any(type(other) is not type(first) for other in others):
        reason = f"{tensor.name} is of the batch or stored, as a further predicate says"
        return Undecided(reason=reason), None, ()
    if isinstance(first, Stored) and any(other != first for other in others):
        return Stored(node=value(tensor).node, source=None), None, ()
    several = _over_several_axes(tensor, x, found)
    if several is not None:
        return several, None, ()
    direct = sources[0] == value(tensor)
    return first, None if direct else sources[0], every[0].joins


def _over_several_axes(tensor: Tensor, x: Tensor, sides: Iterable[Origin]) -> Undecided | None:
    """Why a tensor that can be any of these is no one moment: over different axes; None if it is one."""
    moments = [side for side in sides if isinstance(side, Batch)]
    axes = sorted({side.axes for side in moments})
    if len(axes) < 2 or over_the_same(rank(x), moments):
        return None
    listed = " or ".join(str(list(one)) for one in axes)
    return Undecided(reason=f"{tensor.name} is a moment over axes {listed}, as a predicate says")


def _unconditional(source: Tensor, x: Tensor) -> Batch | Stored | Undecided:
    """What a statistic that no Merge chooses depends on."""
    node = source.node
    if is_stored(node):
        return Stored(node=node, source=source)
    walk = Walk(x)
    reason = walk.back_from(source)
    if reason is not None:
        return Undecided(reason=reason)
    stored = [leaf for leaf in walk.stored if leaf not in walk.shifts]
    if not walk.reached_x:
        if not walk.stored:
            return Undecided(
                reason=f"the statistics come from {node.op} {node.label}, which depends on nothing stored"
            )
        return Stored(node=node, source=walk.stored[0] if len(walk.stored) == 1 else None)
    if stored:
        names = ", ".join(leaf.name for leaf in stored[:3])
        return Undecided(reason=f"the statistics mix those of the batch with stored ones ({names})")
    axes = walk.axes()
    if axes is None:
        return Undecided(reason=f"the axes that {node.op} {node.label} is taken over are not constant")
    return Batch(node=node, axes=axes, fused=tuple(walk.fused), of_x=walk.is_of_x())
