"""Walks over a graph, each with a memo and a limit: a file may hold rings, and ways without number.

`way` follows one step at a time (through identities, back to a source), `reach` every neighbour. Neither
comes to a place twice, so that no walk is longer than the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bninspect.graph.graph import Graph, Node

Place = TypeVar("Place")
"""A node, a tensor, or whatever else a walk goes over; hashable."""


def way(start: Place, step: Callable[[Place], Place | None], most: int | None = None) -> Iterator[Place]:
    """The start and what the steps from it lead to, until a step gives None, a ring closes, or `most` places
    were passed.
    """
    seen: set[Place] = set()
    place: Place | None = start
    while place is not None and place not in seen and (most is None or len(seen) < most):
        seen.add(place)
        yield place
        place = step(place)


def end(start: Place, step: Callable[[Place], Place | None], most: int | None = None) -> Place:
    """The last place of the way; of a ring the last before it closes."""
    last = start
    for place in way(start, step, most):
        last = place
    return last


def reach(
    starts: Iterable[Place], onward: Callable[[Place], Iterable[Place]], most: int | None = None
) -> Iterator[Place]:
    """The starts and all they lead to, each once, nearest first; no more than `most` of them."""
    found = list(dict.fromkeys(starts))
    seen = set(found)
    for count, place in enumerate(found):  # grows while it is walked
        if most is not None and count >= most:
            return
        yield place
        for after in onward(place):
            if after not in seen:
                seen.add(after)
                found.append(after)


def upstream(roots: Iterable[Node], *, controls: bool = True) -> set[Node]:
    """The roots and all they depend on, through data and (unless told otherwise) control inputs."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack.extend(tensor.node for tensor in node.inputs)
        if controls:
            stack.extend(node.controls)
    return seen


def downstream(graph: Graph, sources: Iterable[Node]) -> set[Node]:
    """The sources and every node that depends on one of them through data."""
    return set(reach(sources, lambda node: (use.node for use in graph.uses(node))))
