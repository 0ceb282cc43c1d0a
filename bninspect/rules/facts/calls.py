"""Calls of one layer: whether several reads of one set of statistics are one use or several."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from bninspect.batchnorm.comparison.upstream import Upstream
from bninspect.graph.search import upstream
from bninspect.graph.trace import cast_free

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Node

_PARTS = frozenset({"Unpack", "Split", "SplitV", "StridedSlice", "Slice", "Gather", "GatherV2"})
_MOST_NODES = 500


def alternatives(calls: Sequence[BatchNorm], conditions: Conditions) -> bool:
    """Whether no two of the calls run in one pass: they stand in opposite branches of a conditional."""
    contexts = [conditions.of(call.output.node) for call in calls]
    return all(
        any((source, not value) in other for source, value in context)
        for index, context in enumerate(contexts)
        for other in contexts[index + 1 :]
    )


def unrolled(calls: Sequence[BatchNorm]) -> bool:
    """Whether the calls are the steps of one loop written out: each gets its x by the same weights, from what
    an earlier one gave, or all from parts of one tensor.
    """
    before_x = Upstream(calls)
    weights = {before_x.weights(call.x) for call in calls}
    if len(weights) > 1:
        return False
    if () not in weights:
        chained = (
            before.output.node in upstream((after.x.node,), controls=False)
            for before, after in pairwise(calls)
        )
        if all(chained):
            return True
    whole = {_whole(call.x.node) for call in calls}
    return len(whole) == 1 and None not in whole


def _whole(node: Node) -> Node | None:
    """The tensor's node that an x is a part of, on the first way back; None where it is part of none."""
    for _ in range(_MOST_NODES):
        if node.op in _PARTS:
            return cast_free(node.inputs[1 if node.op == "Split" else 0]).node if node.inputs else None
        if not node.inputs:
            return None
        node = node.inputs[0].node
    return None
