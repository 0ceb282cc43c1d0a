"""In order: where nodes stand in the flow of a model."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from bninspect.graph.ops import NEXT_TURNS
from bninspect.graph.search import postorder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.graph import Node


def topological(roots: Iterable[Node]) -> dict[Node, int]:
    """A place for every node the roots depend on: behind all it reads. Loops are cut where
    their next turn begins.

    The order follows the inputs from the roots, so it does not change with names or with the order in the
    file.
    """
    backs: list[Node] = []

    def before(node: Node) -> list[Node]:
        if node.op in NEXT_TURNS:
            backs.append(node)  # what goes round the loop comes behind all the rest
            return []
        earlier = [given for given, _ in node.inputs]
        return [*earlier, *reversed(node.controls)] if node.controls else earlier

    round_the_loops = (tensor.node for back in backs for tensor in back.inputs)
    order = postorder(chain(roots, round_the_loops), before)
    return {node: place for place, node in enumerate(order)}
