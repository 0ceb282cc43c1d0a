"""Merges behind a layer that hand on what it computes: they go where the layer goes.

An If that holds a layer also returns the batch's mean and variance, for updates; and some wiring leads the
output through a second conditional on the same predicate, whose branches differ by updates alone. Both sides
of such a Merge come straight from the layer. A dropout behind the layer is none: one of its sides computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.trace import IDENTITIES, MERGES, same

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

_MOST_NODES = 500


def following(layer: BatchNorm, source: Tensor, graph: Graph, conditions: Conditions) -> list[Node]:
    """The Merges on the predicate `source`, besides the layer's own, both sides of which the layer gives."""
    own = {branch.node for branch in (layer.training, layer.inference, layer.untaken) if branch is not None}
    own |= {layer.output.node, *layer.merges}
    stack, seen = sorted(own, key=lambda node: node.index), set(own)
    found = []
    while stack and len(seen) < _MOST_NODES:
        node = stack.pop()
        for use in graph.uses(node):
            reader = use.node
            if reader in seen:
                continue
            if reader.op in IDENTITIES and use.slot == 0:
                seen.add(reader)
                stack.append(reader)
            elif reader.op in MERGES and all(_given(tensor, own) for tensor in reader.inputs):
                join = conditions.join(reader)
                if join is not None and conditions.base(join.predicate)[0] == source:
                    seen.add(reader)
                    own.add(reader)
                    stack.append(reader)
                    found.append(reader)
    return found


def _given(tensor: Tensor, own: set[Node]) -> bool:
    """Whether the tensor is one that these nodes give, handed on unchanged."""
    return same(tensor).node in own
