"""In order: where nodes stand in the flow of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.graph import Node


def topological(roots: Iterable[Node]) -> dict[Node, int]:
    """A place for every node the roots depend on: behind all it reads. Loops are cut at NextIteration.

    The order follows the inputs from the roots, so it does not change with names or with the order in the
    file.
    """
    places: dict[Node, int] = {}
    started: set[Node] = set()
    waiting = list(roots)
    while waiting:
        backs: list[Node] = []
        for root in waiting:
            _visit(root, places, started, backs)
        waiting = [tensor.node for back in backs for tensor in back.inputs]
    return places


def _visit(root: Node, places: dict[Node, int], started: set[Node], backs: list[Node]) -> None:
    """Depth first from one root, inputs before the node; loops' NextIterations are gathered, not entered."""
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            places[node] = len(places)
            continue
        if node in started:
            continue
        started.add(node)
        stack.append((node, True))
        if node.op == "NextIteration":
            backs.append(node)
            continue
        for control in node.controls:
            stack.append((control, False))
        for tensor in reversed(node.inputs):
            stack.append((tensor.node, False))
