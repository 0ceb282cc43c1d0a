"""Walks that end: every place once, no further than the limit, whatever the graph."""

from __future__ import annotations

from bninspect.graph.search import downstream, end, reach, upstream, way
from tests.support.text import graph

RING = {1: 2, 2: 3, 3: 4, 4: 2}


def test_a_way_ends_where_a_step_gives_none() -> None:
    assert list(way(1, {1: 2, 2: 3}.get)) == [1, 2, 3]
    assert end(1, {1: 2, 2: 3}.get) == 3


def test_a_ring_is_gone_round_once() -> None:
    assert list(way(1, RING.get)) == [1, 2, 3, 4]
    assert end(1, RING.get) == 4


def test_a_way_is_no_longer_than_its_limit() -> None:
    assert list(way(0, lambda number: number + 1, most=5)) == [0, 1, 2, 3, 4]


def test_doubled_ways_are_walked_once() -> None:
    steps = 0

    def onward(number: int) -> tuple[int, int]:
        nonlocal steps
        steps += 1
        return (min(number + 1, 64),) * 2

    assert list(reach([0, 0], onward)) == list(range(65))
    assert steps == 65


def test_reach_stops_at_its_limit() -> None:
    assert list(reach([0], lambda number: [number + 1, number + 2], most=4)) == [0, 1, 2, 3]
    assert list(reach([1], lambda number: [RING[number]])) == [1, 2, 3, 4]


def test_upstream_and_downstream_go_round_a_ring_once() -> None:
    found = graph("a = Placeholder()\nb = Merge(a, c)\nc = Identity(b, ^d)\nd = NoOp()\ne = Identity(c)")
    b = found.node("b")
    assert {node.name for node in upstream([b])} == {"a", "b", "c", "d"}
    assert {node.name for node in upstream([b], controls=False)} == {"a", "b", "c"}
    assert {node.name for node in downstream(found, [b])} == {"b", "c", "e"}
