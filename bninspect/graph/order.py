"""Forward and in order: where nodes stand in the flow of a model, and what a tensor flows into."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bninspect.graph import Graph, Node, Tensor


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


def follow(
    graph: Graph, tensor: Tensor, ops: frozenset[str], stop: Callable[[Node], bool], hops: int = 8
) -> list[tuple[Node, int]]:
    """The (node, input slot) pairs where `stop` holds, forward from a tensor through nodes of these ops."""
    found: list[tuple[Node, int]] = []
    edge, seen = [tensor], {tensor}
    for _ in range(hops):
        ahead: list[Tensor] = []
        for current in edge:
            for use in graph.uses_of(current):
                if stop(use.node):
                    found.append((use.node, use.slot))
                elif use.node.op in ops and use.slot == 0:
                    ports = (0, 1) if use.node.op in ("Switch", "RefSwitch") else (0,)
                    ahead.extend(t for port in ports if (t := use.node.output(port)) not in seen)
                    seen.update(ahead)
        edge = ahead
        if not edge:
            break
    return found
