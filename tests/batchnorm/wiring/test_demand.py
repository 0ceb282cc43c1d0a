"""What the outputs of a model need while predicates have values: of joins within joins, and of a Switch."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring import demand as demand_module
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.demand import Demand
from bninspect.graph import Graph, Node, Tensor
from tests.support.text import graph

HEAD = """
phase = Placeholder(dtype=bool, shape=[])
export = Placeholder(dtype=bool, shape=[])
not = LogicalNot(phase)
a = Placeholder(dtype=float, shape=[-1, 3])
b = Placeholder(dtype=float, shape=[-1, 3])
c = Placeholder(dtype=float, shape=[-1, 3])
"""
INNER = {
    "the predicate itself": "inner = SelectV2(phase, a, b)\n",
    "its negation": "inner = SelectV2(not, b, a)\n",
}
NESTED = HEAD + INNER["the predicate itself"] + "y = SelectV2(export, c, inner)\n"
SWITCHED = HEAD + "handed = Switch(a, not)\nd = Relu(handed)\ne = Relu(handed:1)\n"

LOOP = (
    HEAD
    + """
enter = Enter(a, frame_name="loop")
turn = Merge(enter, next)
on = LoopCond(go)
go = Less(turn, b)
leave = Switch(turn, on)
deep = Relu(leave:1)
next = NextIteration(body)
body = Add(deep, other)
last = Exit(leave)
enter2 = Enter(b, frame_name="loop")
turn2 = Merge(enter2, next2)
leave2 = Switch(turn2, on)
other = Relu(leave2:1)
next2 = NextIteration(body2)
body2 = Add(other, deep)
last2 = Exit(leave2)
y = SelectV2(phase, last, c)
free = Relu(last2)
"""
)
"""Two variables of a loop, each of which is made of both."""


class Asked:
    """The demand of these outputs, asked by names."""

    def __init__(self, text: str, *outputs: str) -> None:
        self.graph: Graph = graph(text)
        self.demand = Demand(self.nodes(outputs), self.graph, Conditions(self.graph))

    def nodes(self, names: tuple[str, ...]) -> list[Node]:
        return [self.graph.node(name) for name in names]

    def tensors(self, *names: str) -> tuple[Tensor, ...]:
        return tuple(node.output() for node in self.nodes(names))

    def sources(self, *names: str) -> list[str]:
        return [source.name for source in self.demand.sources(self.nodes(names))]

    def table(self, nodes: tuple[str, ...], *sources: str) -> tuple[bool | None, ...]:
        return tuple(one for (one,) in self.demand.table([self.nodes(nodes)], self.tensors(*sources)))

    def condition(self, *names: str) -> set[tuple[str, bool]]:
        return {(s.name, value) for node in self.nodes(names) for s, value in self.demand.condition(node)}

    def at_once(self, first: str, second: str) -> bool:
        return self.demand.needs_at_once(self.nodes((first,)), self.nodes((second,)))

    def joins(self, nodes: tuple[str, ...], deciding: tuple[str, ...], *sources: str) -> list[str]:
        behind = self.demand.joins(self.nodes(nodes), self.tensors(*deciding), self.tensors(*sources))
        return [node.name for node in behind]


def towers(layers: int) -> str:
    """Two rows of nodes under one Switch, and a Merge behind them."""
    rows = [f"t{i + 1} = Relu(t{i})\nf{i + 1} = Relu(f{i})\n" for i in range(layers)]
    start = "s = Switch(a, phase)\nt0 = Relu(s:1)\nf0 = Relu(s)\n"
    return HEAD + start + "".join(rows) + f"y = Merge(f{layers}, t{layers})\n"


def test_pairs_of_one_network_share_what_was_found_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the layers ask twice as much, though each has all the later ones behind it."""
    calls: list[int] = []
    needs = Demand.needs

    def counted(demand: Demand, *asked: object) -> bool:
        calls[-1] += 1
        return needs(demand, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Demand, "needs", counted)
    for layers in (20, 40):
        asked = Asked(towers(layers), "y")
        calls.append(0)
        for i in range(layers):
            assert asked.joins((f"t{i}", f"f{i}"), ("phase",), "phase") == ["y"]
    assert 0 < calls[1] <= 2 * calls[0]


@pytest.mark.parametrize("inner", INNER)
def test_of_every_join_the_side_that_is_taken(inner: str) -> None:
    asked = Asked(HEAD + INNER[inner] + "y = SelectV2(export, c, inner)\n", "y")
    assert asked.sources("a") == asked.sources("a", "b", "c") == ["export:0", "phase:0"]
    assert asked.sources("c") == asked.sources("inner") == ["export:0"]
    assert asked.sources("y") == []
    assert asked.table(("a",), "export", "phase") == (False, False, True, False)
    assert asked.table(("b",), "export", "phase") == (False, False, False, True)
    assert asked.table(("c",), "export", "phase") == (True, True, False, False)
    assert asked.table(("a", "b"), "phase", "export") == (False, True, False, True)
    assert asked.table(("a",), "phase") == (True, False)
    assert asked.table(("y",)) == (True,)


def test_what_no_output_depends_on_is_never_needed() -> None:
    asked = Asked(NESTED + "beside = Relu(a)\n", "y")
    assert asked.sources("beside") == []
    assert asked.table(("beside",), "phase") == (False, False)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("a", "a", True), ("a", "b", False), ("a", "c", False), ("a", "inner", True), ("c", "inner", False)],
)
def test_needed_at_once(first: str, second: str, expected: bool) -> None:
    assert Asked(NESTED, "y").at_once(first, second) is expected


def test_another_output_needs_both() -> None:
    asked = Asked(NESTED + "also = AddV2(a, c)\n", "y", "also")
    assert asked.at_once("a", "c")
    assert asked.at_once("a", "b")
    assert asked.sources("a") == []


def test_a_switch_says_when_a_node_runs() -> None:
    asked = Asked(SWITCHED, "d", "e")
    assert asked.sources("d") == asked.sources("e", "d") == ["phase:0"]
    assert asked.table(("d",), "phase") == (True, False)
    assert asked.table(("e",), "phase") == (False, True)
    assert not asked.at_once("d", "e")


def test_values_that_cannot_hold_at_once_have_no_answer() -> None:
    text = HEAD + (
        "number = Placeholder(dtype=int32, shape=[])\nnone = Const(0)\nsome = Const(1)\n"
        "is_none = Equal(number, none, T=int32)\nis_some = Equal(number, some, T=int32)\n"
        "inner = SelectV2(is_some, a, b)\ny = SelectV2(is_none, c, inner)\n"
    )
    assert Asked(text, "y").table(("b",), "is_none", "is_some") == (None, False, False, True)


@pytest.mark.parametrize(("many", "expected"), [(5, 5), (6, 6), (7, 6)])
def test_no_more_sources_than_can_be_tried_together(many: int, expected: int) -> None:
    rows = [
        f"p{at} = Placeholder(dtype=bool, shape=[])\n"
        f"y{at} = SelectV2(p{at}, {'a' if at == 0 else f'y{at - 1}'}, b)\n"
        for at in range(many)
    ]
    found = Asked(HEAD + "".join(rows), f"y{many - 1}").sources("a")
    assert found == [f"p{many - 1 - at}:0" for at in range(expected)]


@pytest.mark.parametrize(
    ("nodes", "deciding", "expected"),
    [
        (("a", "b"), ("phase",), ["inner"]),
        (("a", "c"), ("export",), ["y"]),
        (("a", "b", "c"), ("phase", "export"), ["y", "inner"]),
        (("a", "b"), (), []),
    ],
    ids=["inner", "outer", "both", "none decides"],
)
def test_the_joins_that_choose(
    nodes: tuple[str, ...], deciding: tuple[str, ...], expected: list[str]
) -> None:
    text = NESTED + "more = Relu(y)\nlast = SelectV2(phase, more, y)\n"
    asked = Asked(text, "more")
    found = asked.joins(nodes, deciding, "phase", "export")
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("inner", INNER)
def test_the_predicate_that_a_join_reads(inner: str) -> None:
    asked = Asked(HEAD + INNER[inner] + "y = SelectV2(export, c, inner)\n", "y")
    (phase,) = asked.tensors("phase")
    (node,) = asked.nodes(("a",))
    read, negated = asked.demand.predicate(phase, asked.nodes(("inner", "y")), node)
    assert (read.name, negated) == (("not:0", True) if inner == "its negation" else ("phase:0", False))


def test_without_a_join_it_is_what_the_switch_reads() -> None:
    asked = Asked(SWITCHED, "d", "e")
    read, negated = asked.demand.predicate(asked.tensors("phase")[0], (), asked.graph.node("d"))
    assert (read.name, negated) == ("not:0", True)


@pytest.mark.parametrize(
    ("most", "expected"),
    [(1, (False, True, True, True)), (4, (False, False, True, True)), (7, (False, False, True, False))],
)
def test_anything_may_be_needed_once_too_many_nodes_were_looked_at(
    most: int, expected: tuple[bool, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four values of the two predicates, with two nodes, two, three and three."""
    monkeypatch.setattr(demand_module, "_MOST_STEPS", most)
    assert Asked(NESTED, "y").table(("a",), "export", "phase") == expected


def test_what_has_to_hold_for_a_node_is_what_holds_on_every_way_to_it() -> None:
    """The branch of a join within a join, what stands before both branches of one, and a predicate."""
    asked = Asked(NESTED.replace("phase, a, b", "phase, a, both") + "both = Relu(a)\n", "y")
    assert asked.condition("both") == {("export:0", False), ("phase:0", False)}
    assert asked.condition("a") == {("export:0", False)}
    assert asked.condition("c") == {("export:0", True)}
    assert asked.condition("phase") == {("export:0", False)}
    assert asked.condition("export", "y") == set()


def test_what_has_to_hold_round_a_loop() -> None:
    """A way into a loop that no join closes opens all of the loop, by whichever end it is come to first."""
    asked = Asked(LOOP, "y", "free")
    assert asked.condition("deep", "other", "body", "body2") == set()
    assert Asked(LOOP, "y").condition("body", "body2") == {("phase:0", True)}


def test_what_has_to_hold_is_found_for_all_nodes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By no more walks than one for each value of a predicate."""
    monkeypatch.setattr(demand_module, "_MOST_STEPS", 0)
    lines = [f"p{i} = Placeholder(dtype=bool, shape=[])\nd{i} = SelectV2(p{i}, a, b)\n" for i in range(9)]
    asked = Asked(HEAD + "".join(lines) + "y = AddN(" + ", ".join(f"d{i}" for i in range(9)) + ")\n", "y")
    assert asked.condition("a") == set()
    assert asked.condition("p3") == set()


def test_the_joins_that_decide_nothing_of_a_node_are_none_of_its() -> None:
    """What is behind a join that is needed whatever its predicate is, is not looked at."""
    text = NESTED + "more = Relu(y)\nlast = SelectV2(phase, more, c)\nend = SelectV2(export, last, a)\n"
    asked = Asked(text, "end")
    assert asked.joins(("b",), ("phase", "export"), "phase", "export") == []
    assert asked.joins(("last",), ("export",), "phase", "export") == ["end"]
