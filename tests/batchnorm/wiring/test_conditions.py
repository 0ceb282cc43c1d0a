"""Under which conditions nodes run, and what chooses where two ways meet: node by node, without a layer."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring import conditions as conditions_module
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.graph.order import topological
from tests.support.text import graph

HEAD = """
p = Placeholder(dtype=bool, shape=[])
q = Placeholder(dtype=bool, shape=[])
x = Placeholder(dtype=float)
n = LogicalNot(p)
pid = Identity(p)
"""
SIDES = "s = Switch(x, pid)\na = Relu(s)\nb = Relu(s:1)\n"
INNER = "t = Switch(b, q)\nc = Relu(t)\nd = Relu(t:1)\n"
LOOP = (
    'enter = Enter(b, frame_name="loop")\nturn = Merge(enter, next)\nless = Less(turn, x)\n'
    "on = LoopCond(less)\n"
    "leave = Switch(turn, on)\nbody = Relu(leave:1)\nnext = NextIteration(body)\nout = Exit(leave)\n"
)
IF = (
    "i = If({}, x, then_branch=@yes, else_branch=@no)\nh = Relu(i)\n"
    "def yes(a) -> y=r:y:0\n    r = Rsqrt(a)\ndef no(a) -> y=r:y:0\n    r = Neg(a)\n"
)
NESTED_IF = (
    "i = If(p, x, then_branch=@outer, else_branch=@no)\nh = Relu(i)\n"
    "def outer(a) -> y=s:y:0\n    q = Placeholder(dtype=bool)\n"
    "    j = If(q:output:0, a, then_branch=@yes, else_branch=@no)\n    s = Neg(j:output:0)\n"
    "def yes(a) -> y=c:output:0\n    c = Const(1.0)\ndef no(a) -> y=r:y:0\n    r = Neg(a)\n"
)
"""An If in the branch of an If, one of whose branches gives a constant."""
P, NOT_P, Q, NOT_Q = ("p", True), ("p", False), ("q", True), ("q", False)
CONTEXTS = {
    "outside": (SIDES, "x", set()),
    "the Switch itself": (SIDES, "s", set()),
    "where it is false": (SIDES, "a", {NOT_P}),
    "where it is true": (SIDES, "b", {P}),
    "further on": (SIDES + "e = Neg(b)\nf = Abs(e)\n", "f", {P}),
    "of a reference": (SIDES.replace("Switch", "RefSwitch"), "b", {P}),
    "of a negation": (SIDES.replace("pid", "n"), "b", {NOT_P}),
    "within another": (SIDES + INNER, "c", {P, NOT_Q}),
    "the Switch within another": (SIDES + INNER, "t", {P}),
    "of two inputs": (SIDES + "t = Switch(x, q)\ne = Add(a, t:1)\n", "e", {NOT_P, Q}),
    "of two inputs, the second in both": (SIDES + INNER + "e = Add(b, c)\n", "e", {P, NOT_Q}),
    "of two inputs, one outside": (SIDES + "e = Add(x, b)\n", "e", {P}),
    "of what is waited for": (SIDES + "e = Neg(x, ^b)\n", "e", {P}),
    "of a Switch that is waited for": (SIDES + INNER + "e = Neg(x, ^t)\n", "e", {P}),
    "of both": (SIDES + "t = Switch(x, q)\nf = Neg(t)\ne = Neg(a, ^f)\n", "e", {NOT_P, NOT_Q}),
    "of a constant that waits": (SIDES + "e = NoOp(^a)\n", "e", {NOT_P}),
    "where both meet": (SIDES + "m = Merge(a, b)\n", "m", set()),
    "where the inner ones meet": (SIDES + INNER + "m = Merge(c, d)\n", "m", {P}),
    "where a Switch meets another": (SIDES + INNER + "m = Merge(c, t:1)\n", "m", {P}),
    "behind where they meet": (SIDES + INNER + "m = Merge(c, d)\ne = Neg(m)\n", "e", {P}),
    "of a loop variable": (SIDES + LOOP, "turn", {P}),
    "of a loop whose start a Switch gives": (SIDES + LOOP.replace("Enter(b,", "Enter(s:1,"), "turn", {P}),
    "of a loop that starts at a Switch": (
        SIDES + LOOP.replace("Merge(enter,", "Merge(s:1,"), "turn", {P}
    ),
    "of what a loop gives": (SIDES + LOOP, "out", {P}),
    "within a loop": (SIDES + LOOP, "body", {P}),
    "of the next turn": (SIDES + LOOP, "next", set()),
    "in the branch of an If": (IF.format("p"), "i/then/r", {P}),
    "in the other branch of an If": (IF.format("p"), "i/else/r", {NOT_P}),
    "in the branch of an If on a negation": (IF.format("n"), "i/then/r", {NOT_P}),
    "of a choice in the branch of an If": (NESTED_IF, "i/then/j/Merge_0", {P}),
    "of a constant in a branch": (NESTED_IF, "i/then/j/then/c", {P, ("i/then/q", True)}),
    "behind an If": (IF.format("p"), "h", set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTEXTS)
@pytest.mark.parametrize("ahead", [False, True])
def test_what_holds_where_a_node_runs(case: str, ahead: bool) -> None:
    """Asked of this node alone, or of all in their order."""
    lines, name, expected = CONTEXTS[case]
    nodes = graph(HEAD + lines)
    is_ring = "NextIteration" in lines
    conditions = Conditions(nodes, topological(nodes) if ahead and not is_ring else ())
    for _ in range(2):
        context = conditions.of(nodes.node(name))
        assert {(predicate.node.name, value) for predicate, value in context} == expected


def test_what_holds_where_a_tensor_is_alive() -> None:
    nodes = graph(HEAD + SIDES + INNER)
    conditions = Conditions(nodes)
    p, q = nodes.node("p").output(), nodes.node("q").output()
    assert conditions.of_tensor(nodes.node("t").output(1)) == {(p, True), (q, True)}
    assert conditions.of_tensor(nodes.node("t").output(0)) == {(p, True), (q, False)}
    assert conditions.of_tensor(nodes.node("x").output()) == frozenset()


@pytest.mark.parametrize(("most", "expected"), [(0, set()), (1, {P}), (2, {P, NOT_Q})])
def test_no_more_conditions_than_any_model_nests(
    most: int, expected: set[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions_module, "_MOST_CONDITIONS", most)
    nodes = graph(HEAD + SIDES + INNER)
    context = Conditions(nodes).of(nodes.node("c"))
    assert {(predicate.node.name, value) for predicate, value in context} == expected


def test_of_two_with_too_many_conditions_the_first_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions_module, "_MOST_CONDITIONS", 1)
    nodes = graph(HEAD + SIDES + "t = Switch(x, q)\nc = Neg(t)\ne = Add(b, c)\n")
    assert Conditions(nodes).of(nodes.node("e")) == {(nodes.node("p").output(), True)}


WEIGHED = "w = Cast(p, SrcT=bool, DstT=float)\none = Const(1.0)\nrest = Sub(one, w)\n"
X_OR_E = ("p", "x", "e")
JOINS: dict[str, tuple[str, tuple[str, str, str] | None]] = {
    "a Merge": (SIDES + "m = Merge(a, b)", ("pid", "b", "a")),
    "a Merge the other way round": (SIDES + "m = Merge(b, a)", ("pid", "b", "a")),
    "a reference": (SIDES + "m = RefMerge(a, b)", ("pid", "b", "a")),
    "on a negation": (SIDES.replace("pid", "n") + "m = Merge(a, b)", ("n", "b", "a")),
    "within another": (SIDES + INNER + "m = Merge(c, d)", ("q", "d", "c")),
    "a Merge of Switches": ("s = Switch(x, p)\nt = Switch(x, n)\nm = Merge(s, t)", ("p", "t", "s")),
    "false, and what was cut off": (SIDES + "m = Merge(a, x)", ("pid", "x", "a")),
    "what was cut off, and false": (SIDES + "m = Merge(x, a)", ("pid", "x", "a")),
    "true, and what was cut off": (SIDES + "m = Merge(b, x)", ("pid", "b", "x")),
    "what was cut off, and true": (SIDES + "m = Merge(x, b)", ("pid", "b", "x")),
    "one of which needs another, too": (SIDES + INNER + "m = Merge(a, c)", ("pid", "c", "a")),
    "one within the other": (SIDES + INNER + "m = Merge(b, c)", ("q", "b", "c")),
    "nothing on either side": (SIDES + "e = Neg(x)\nm = Merge(x, e)", None),
    "the same on both sides": (SIDES + "e = Neg(b)\nm = Merge(b, e)", None),
    "two on one side": (SIDES + INNER + "m = Merge(c, x)", None),
    "of two that have nothing to do with each other": (
        SIDES + "t = Switch(x, q)\ne = Neg(t)\nm = Merge(a, e)", None
    ),
    "opposed by two": (
        SIDES + INNER + "u = Switch(a, q)\ne = Relu(u:1)\nm = Merge(c, e)", None
    ),
    "three": (SIDES + "e = Neg(b)\nm = Merge(a, b, e)", None),
    "one": (SIDES + "m = Merge(a)", None),
    "a loop variable": (SIDES + LOOP.replace("turn", "m"), None),
    "an If": (IF.format("p").replace("i =", "m =").replace("(i)", "(m)"), ("p", "r", "r")),
    "an If on a negation": (IF.format("n").replace("i =", "m =").replace("(i)", "(m)"), ("n", "r", "r")),
    "a Select": ("e = Neg(x)\nm = Select(p, x, e)", ("p", "x", "e")),
    "a Select, where a boolean is a number": (WEIGHED + "e = Neg(x)\nm = Select(p, x, e)", X_OR_E),
    "a SelectV2": ("e = Neg(x)\nm = SelectV2(n, x, e)", ("n", "x", "e")),
    "a blend": (WEIGHED + "e = Neg(x)\nf = Mul(w, x)\ng = Mul(e, rest)\nm = Add(f, g)", X_OR_E),
    "a sum": (WEIGHED + "m = Add(x, w)", None),
    "a pick": ("e = Neg(x)\ni = Cast(p, SrcT=bool, DstT=int32)\nr = Pack(e, x)\nm = Gather(r, i)", X_OR_E),
    "no choice at all": (SIDES + "m = Mul(a, b)", None),
}  # fmt: skip


@pytest.mark.parametrize("case", JOINS)
def test_what_chooses_where_two_ways_meet(case: str) -> None:
    lines, expected = JOINS[case]
    nodes = graph(HEAD + lines)
    conditions = Conditions(nodes)
    node = nodes.node("m/Merge_0" if "m = If" in lines else "m")
    for _ in range(2):
        join = conditions.join(node)
        assert (None if join is None else tuple(one.node.name.split("/")[-1] for one in join[1:])) == expected
    assert join is None or join.node is node
    on_p = expected is not None and expected[0] != "q"
    assert [conditions.is_on(node, nodes.node(name).output()) for name in "pq"] == [
        on_p,
        expected is not None and not on_p,
    ]


def test_what_asks_one_question() -> None:
    lines = SIDES + "e = Neg(x)\nf = Fill(x, n)\nm = Select(f, x, e)\nu = Switch(x, q)\n" + IF.format("n")
    nodes = graph(HEAD + lines)
    conditions = Conditions(nodes)
    asking = {one.node.name: negated for one, negated in conditions.asking(nodes.node("p").output()).items()}
    assert asking == {"p": False}
    assert list(conditions.asking(nodes.node("q").output()).values()) == [False]
    assert conditions.asking(nodes.node("x").output()) == {}


def test_what_an_if_alone_asks() -> None:
    nodes = graph(HEAD + IF.format("q"))
    conditions = Conditions(nodes)
    q = nodes.node("q").output()
    assert conditions.asking(q) == {q: False}
    assert conditions.asking(nodes.node("p").output()) == {}


def test_what_asks_one_question_in_other_words() -> None:
    words = (
        "step = Placeholder(dtype=int32)\nten = Const(10)\nl = Less(step, ten)\ng = GreaterEqual(step, ten)\n"
    )
    nodes = graph(HEAD + words + "e = Switch(x, l)\nf = Select(g, x, e)\n")
    conditions = Conditions(nodes)
    (stands,) = {conditions.base(nodes.node(name).output())[0] for name in "lg"}
    asking = {one.node.name: negated for one, negated in conditions.asking(stands).items()}
    assert asking == {"l": False, "g": True}


def test_predicates_that_no_table_holds_are_one_if_they_are_spelled_alike() -> None:
    words = (
        "k = Placeholder(dtype=float)\nl = Placeholder(dtype=float)\nr = RealDiv(k, l)\nt = RealDiv(k, l)\n"
    )
    nodes = graph(HEAD + words + "a = Less(r, l)\nb = Less(t, l)\nnot = LogicalNot(b)\n")
    conditions = Conditions(nodes)
    a = nodes.node("a").output()
    assert [conditions.base(nodes.node(name).output()) for name in ("a", "b", "not")] == [
        (a, False),
        (a, False),
        (a, True),
    ]


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({("p", True), ("q", False)}, None),
        ({("no", True)}, "no:0 is always false"),
        ({("no", False), ("p", True)}, None),
        ({("yes", False), ("p", True)}, "yes:0 is always true"),
        ({("both", True), ("p", False)}, "their conditions cannot hold at once"),
        ({("both", False), ("p", False)}, None),
    ],
)
def test_why_a_branch_never_runs(context: set[tuple[str, bool]], reason: str | None) -> None:
    nodes = graph(HEAD + "no = Const(false)\nyes = Const(true)\nboth = LogicalAnd(p, q)\n")
    conditions = Conditions(nodes)
    asked = frozenset((nodes.node(name).output(), value) for name, value in context)
    assert [conditions.never(asked) for _ in range(2)] == [reason] * 2
    assert conditions.possible(asked) is (reason is None or "always" in reason)


def test_the_nearest_predicate() -> None:
    """Of those that Switches read one after the other; the one that stands for all, if none does."""
    nodes = graph(HEAD + SIDES + "t = Switch(b, n)\nc = Relu(t)\nd = Neg(x, ^c)\ne = Abs(d)\n")
    conditions = Conditions(nodes)
    p = nodes.node("p").output()
    found = {name: conditions.nearest(nodes.node(name), p).node.name for name in ("e", "c", "t", "b", "x")}
    assert found == {"e": "n", "c": "n", "t": "pid", "b": "pid", "x": "p"}


@pytest.mark.parametrize(
    ("most", "found"), [(3, "p p pid"), (4, "n p pid"), (5, "n p pid"), (6, "n n pid")], ids=str
)
def test_the_nearest_predicate_as_far_as_nodes_are_looked_at(
    most: int, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In all; of each node at least one that it reads."""
    monkeypatch.setattr(conditions_module, "_MOST_STEPS", most)
    nodes = graph(HEAD + SIDES + "t = Switch(b, n)\nc = Relu(t)\nd = Neg(x, ^c)\ne = Abs(d)\nf = Neg(c)\n")
    conditions = Conditions(nodes)
    p = nodes.node("p").output()
    assert " ".join(conditions.nearest(nodes.node(name), p).node.name for name in "efb") == found
