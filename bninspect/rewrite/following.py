"""Merges that go where a layer goes: behind it, those that hand on what it computes; beside it, those of its
gamma and beta.

An If that holds a layer also returns the batch's mean and variance, for updates; and some wiring leads the
output through a second conditional on the same predicate, whose branches differ by updates alone. Both sides
of such a Merge come straight from the layer. A dropout behind the layer is none: one of its sides computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.ops import IDENTITIES
from bninspect.graph.search import reach
from bninspect.graph.trace import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm, Branch
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

_MOST_NODES = 500
_MOST_PARAMETERS = 200
"""How far gamma and beta are followed."""


def following(layer: BatchNorm, source: Tensor, graph: Graph, conditions: Conditions) -> list[Node]:
    """The Merges on the predicate `source`, besides the layer's own, both sides of which the layer gives."""
    own = {branch.node for branch in (layer.training, layer.inference, layer.untaken) if branch is not None}
    own |= {layer.output.node, *layer.merges}
    found: dict[Node, None] = {}

    def given(merge: Node) -> bool:
        sides = all(same(tensor).node in own for tensor in merge.inputs)
        return sides and conditions.is_on(merge, source)

    def onward(node: Node) -> Iterator[Node]:
        for reader, _ in graph.uses(node):
            if reader.op in IDENTITIES:
                yield reader
            elif reader not in own and given(reader):
                own.add(reader)
                found[reader] = None
                yield reader

    for _ in reach(sorted(own, key=lambda node: node.index), onward, _MOST_NODES):
        pass
    return list(found)


def beside(branch: Branch, source: Tensor, conditions: Conditions) -> list[Node]:
    """Merges on the same predicate that gamma and beta come through (batch renormalization's r and d)."""
    site = branch.site

    def before(node: Node) -> Iterator[Node]:
        return (tensor.node for tensor in node.inputs if same(tensor) != site.x)

    parameters = (tensor.node for tensor in (site.gamma, site.beta) if tensor is not None)
    return [node for node in reach(parameters, before, _MOST_PARAMETERS) if conditions.is_on(node, source)]
