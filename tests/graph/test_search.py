"""Walks that end: every place once, no further than the limit, whatever the graph."""

from __future__ import annotations

import pytest

from bninspect.graph.search import (
    dependencies,
    dependents,
    downstream,
    end,
    inputs_first,
    postorder,
    producers,
    reach,
    readers,
    rings,
    steps,
    upstream,
    way,
)
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


def test_steps_say_from_where_a_place_was_first_reached() -> None:
    diamond = {1: [2, 3], 2: [4], 3: [4], 4: [1]}
    assert list(steps([1], diamond.__getitem__)) == [(1, None), (2, 1), (3, 1), (4, 2)]


def test_reach_walks_no_further_than_it_is_asked() -> None:
    asked: list[int] = []

    def onward(number: int) -> list[int]:
        asked.append(number)
        return [number + 1]

    numbers = reach([0], onward)
    assert next(number for number in numbers if number == 3) == 3
    assert asked == [0, 1, 2]


def test_postorder_comes_to_a_place_behind_all_before_it() -> None:
    before = {5: [3, 4], 4: [2, 1], 3: [1], 2: [], 1: []}
    assert list(postorder([5, 2], before.__getitem__)) == [1, 3, 2, 4, 5]


def test_postorder_cuts_a_ring_where_it_closes() -> None:
    assert list(postorder([1], lambda number: [RING[number]])) == [4, 3, 2, 1]
    assert list(postorder([1], lambda number: [number + 1], most=3)) == [3, 2, 1]


def test_postorder_of_a_long_chain_needs_no_recursion() -> None:
    assert next(postorder([0], lambda number: [number + 1] if number < 50_000 else [])) == 50_000


def test_rings_come_together_behind_what_stands_before_them() -> None:
    before = {1: [2], 2: [3, 5], 3: [4], 4: [2, 6], 5: [5], 6: []}
    found = [set(ring) for ring in rings([1], before.__getitem__)]
    assert found == [{6}, {5}, {2, 3, 4}, {1}]
    assert [len(ring) for ring in rings(range(50_000), lambda number: [(number + 1) % 50_000])] == [50_000]


def test_dependents_wait_by_data_or_by_control() -> None:
    found = graph("a = Placeholder()\nb = Identity(a, ^a)\nc = NoOp(^a)")
    assert [node.name for node in dependents(found)(found.node("a"))] == ["b", "c"]


@pytest.mark.parametrize(
    ("before", "starts", "expected"),
    [
        ({1: [2, 3], 2: [], 3: [2]}, [1], [(2,), (3,), (1,)]),
        ({1: [2, 3], 2: [4], 4: [2], 3: [4, 1]}, [1], [(2, 4), (1, 3)]),
        ({1: [2], 2: [1], 3: [1]}, [3, 1], [(1, 2), (3,)]),
        ({1: [], 2: [1]}, [1, 2, 1], [(1,), (2,)]),
    ],
)
def test_a_ring_that_was_given_out_is_closed(
    before: dict[int, list[int]], starts: list[int], expected: list[tuple[int, ...]]
) -> None:
    assert list(rings(starts, before.__getitem__)) == expected


def test_what_a_node_reads_waits_for_and_who_reads_it() -> None:
    found = graph("a = Placeholder()\nb = Placeholder()\nc = Add(b, a, ^d)\nd = NoOp()\ne = Neg(b)")
    b, c = found.node("b"), found.node("c")
    assert [node.name for node in producers(c)] == ["b", "a"]
    assert [node.name for node in dependencies(c)] == ["b", "a", "d"]
    assert [node.name for node in readers(found)(b)] == ["c", "e"]
    assert list(dependents(found)(c)) == []


def test_what_is_fed_needs_nothing_upstream() -> None:
    found = graph("a = Placeholder()\nb = Neg(a)\nc = NoOp(^a)\nd = Add(b, b, ^c)")

    def names(**options: bool) -> set[str]:
        return {
            node.name
            for node in upstream([found.node("d")], until=lambda node: node.name in ("b", "c"), **options)
        }

    assert names() == {"b", "c", "d"}
    assert names(controls=False) == {"b", "d"}


def test_inputs_come_first_in_their_order_then_what_is_waited_for() -> None:
    made = graph(
        "a = Relu(x)\nx = Placeholder()\nb = Add(c, a, ^e, ^d)\nc = Relu(x)\nd = NoOp(^a)\ne = NoOp()"
    )
    order = inputs_first([made.node("b")], lambda node: False)
    assert [node.name for node in order] == ["x", "c", "a", "d", "e", "b"]


def test_behind_a_node_that_ends_nothing_is_asked_for() -> None:
    made = graph("a = Relu(x)\nx = Placeholder()\nb = Relu(a)\ny = Placeholder()")
    roots = [made.node("b"), made.node("y"), made.node("b")]
    assert [node.name for node in inputs_first(roots, lambda node: node.name == "a")] == ["a", "b", "y"]


def test_inputs_first_cuts_a_ring_where_it_closes() -> None:
    made = graph("a = Merge(x, b)\nx = Placeholder()\nb = NextIteration(a)\nc = Relu(b)")
    assert [node.name for node in inputs_first([made.node("c")], lambda node: False)] == ["x", "a", "b", "c"]
