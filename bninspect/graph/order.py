"""In order: where nodes stand in the flow of a model."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from bninspect.graph.ops import NEXT_TURNS
from bninspect.graph.search import inputs_first

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

    def ends_turn(node: Node) -> bool:
        if node.op in NEXT_TURNS:
            backs.append(node)  # what goes round the loop comes behind all the rest
            return True
        return False

    round_the_loops = (tensor.node for back in backs for tensor in back.inputs)
    order = inputs_first(chain(roots, round_the_loops), ends_turn)
    return dict(zip(order, range(len(order)), strict=True))
