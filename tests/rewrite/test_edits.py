"""What a node still waits for after edits, what it reads, and names of new nodes: graphs of a few lines."""

from __future__ import annotations

import pytest

from bninspect.graph import Graph, Tensor
from bninspect.rewrite.edits import Edits
from tests.support.text import graph

ALL = """
x = Placeholder(dtype=float)
p = Placeholder(dtype=bool)
q = Placeholder(dtype=bool)
v = VariableV2(dtype=float)
h = VarHandleOp(dtype=float)
"""


def controls(lines: str) -> tuple[str, ...]:
    """The names of what `y` waits for."""
    model = graph(ALL + lines)
    return tuple(node.name for node in Edits(model).controls(model.node("y")))


@pytest.mark.parametrize(
    ("lines", "waited"),
    [
        ("a = Neg(x)\ny = Abs(x, ^a, ^p)", ("a", "p")),
        ("a = Assign(v, x)\ny = Abs(x, ^a, ^p)", ("p",)),
        ("a = Assign(v, x)\nb = Identity(a)\nc = Identity(b)\ny = Abs(x, ^c, ^b)", ()),
        ("a = Assign(v, x)\nb = RefIdentity(a)\ny = Abs(x, ^b)", ()),
        ("a = Assign(v, x)\nb = Neg(a)\ny = Abs(x, ^b)", ("b",)),
        ("a = AssignVariableOp(h, x)\nr = ReadVariableOp(h, ^a)\ny = Abs(x, ^r)", ("r",)),
        ("b = Identity(x)\ny = Abs(x, ^b)", ("b",)),
    ],
    ids=[
        "others", "an update", "what hands one on", "by reference", "what computes with one",
        "a read", "what hands on another value",
    ],
)  # fmt: skip
def test_no_update_is_waited_for(lines: str, waited: tuple[str, ...]) -> None:
    assert controls(lines) == waited


def test_updates_are_known_from_one_node_to_the_next() -> None:
    """Whatever was asked before."""
    model = graph(
        ALL + "a = Assign(v, x)\nb = Identity(a)\nc = Identity(b)\nk = Identity(x)\nl = Identity(k)\n"
        "y = Abs(x, ^b, ^k)\nz = Abs(x, ^c, ^l, ^a)\nw = Abs(x, ^b, ^k, ^l)"
    )
    edits = Edits(model)
    found = {name: [node.name for node in edits.controls(model.node(name))] for name in "yzwyz"}
    assert found == {"y": ["k"], "z": ["l"], "w": ["k", "l"]}


@pytest.mark.parametrize(
    ("lines", "waited"),
    [
        ("n = NoOp(^x)\ny = Identity(x, ^n)", ()),
        ("n = NoOp(^x, ^p)\ny = Identity(x, ^n)", ("n",)),
        ("n = NoOp(^x)\ny = Abs(x, ^n)", ("n",)),
        ("n = NoOp(^w)\nw = Identity(x)\ny = Identity(w, ^n)", ()),
        ("n = NoOp(^x)\nw = Identity(x)\ny = Identity(w, ^n)", ()),
        ("n = NoOp(^x)\nw = Abs(x)\ny = Identity(w, ^n)", ("n",)),
        ("m = NoOp(^x)\nn = NoOp(^m)\ny = Identity(x, ^n)", ()),
        ("m = NoOp(^p)\nn = NoOp(^m, ^x)\ny = Identity(x, ^n)", ("n",)),
        ("n = NoOp()\ny = Identity(x, ^n)", ()),
        ("n = Identity(x, ^x)\ny = Identity(x, ^n)", ("n",)),
    ],
    ids=[
        "its input", "something else, too", "of a node that computes", "what hands its input on",
        "behind two that hand it on", "before what computes", "through another NoOp",
        "something else behind another", "nothing", "no NoOp",
    ],
)  # fmt: skip
def test_a_node_does_not_wait_for_its_own_input(lines: str, waited: tuple[str, ...]) -> None:
    """By a NoOp, with which functions end that were written out."""
    assert controls(lines) == waited


@pytest.mark.parametrize(
    ("lines", "waited"),
    [
        ("s = Switch(x, p)\ny = Const(1.0)", ()),
        ("c = CheckNumerics(x)\ns = Switch(c, p)", ("c",)),
        ("c = CheckNumerics(x)\nd = Neg(c)\ns = Switch(d, p)", ("d",)),
        ("a = Assert(p, x)\nd = Neg(x, ^a)\ns = Switch(d, p)", ("d",)),
        ("a = Assert(p, x)\nd = Neg(x)\ns = Switch(d, p)", ()),
        ("r = RefSwitch(v, q)\ns = Switch(r, p)", ("s",)),
        ("r = Switch(q, q)\ns = Switch(x, r)", ("s",)),
    ],
    ids=["values", "a check", "what is behind a check", "an assertion", "beside one", "another Switch",
         "decided by one"],
)  # fmt: skip
def test_in_place_of_a_switch_its_inputs_that_may_stop_the_run(lines: str, waited: tuple[str, ...]) -> None:
    lines = lines.replace("\ny = Const(1.0)", "") + "\ny = Abs(x, ^s)"
    assert controls(lines) == waited


def test_in_place_of_a_switch_that_a_node_is_freed_of_it_waits_for_nothing() -> None:
    model = graph(ALL + "c = CheckNumerics(x)\ns = Switch(c, p)\ny = Abs(x, ^s, ^q)")
    edits = Edits(model)
    y, s, q = (model.node(name) for name in "ysq")
    edits.free(y, frozenset((s,)), s)
    assert edits.controls(y) == (q,)


def test_the_input_that_a_node_has_after_the_edits_is_its_own() -> None:
    """An override of an Identity, and a redirect of what it reads then."""
    model = graph(ALL + "a = Neg(x)\nb = Exp(x)\nn = NoOp(^b)\ny = Identity(x, ^n)")
    edits = Edits(model)
    y, n, a, b = (model.node(name) for name in "ynab")
    assert edits.controls(y) == (n,)
    edits.override(y, 0, a.output())
    assert edits.controls(y) == (n,)
    edits.redirect(a.output(), b.output())
    assert edits.controls(y) == ()


LOOP = """
i = Const(0)
e = Enter(i, frame_name="loop", T=int32)
m = Merge(e, n, T=int32)
limit = Const(9, ^m)
less = Less(m, limit, T=int32)
cond = LoopCond(less)
s = Switch(m, cond, T=int32)
body = Identity(s:1, T=int32)
one = Const(1)
n = NextIteration(body, T=int32)
out = Exit(s, T=int32)
y = Const(2.0)
inside = Abs(body, ^s)
"""


def looped() -> Graph:
    return graph(LOOP.replace("limit = Const(9, ^m)", "limit = Const(9)"))


def test_a_loop_keeps_what_it_waits_for() -> None:
    model = looped()
    edits = Edits(model)
    inside = model.node("inside")
    assert [node.name for node in edits.controls(inside)] == ["s"]
    assert edits.in_loop(inside) is True
    assert edits.in_loop(model.node("i")) is False
    assert edits.in_loop(model.node("y")) is False


def test_a_node_that_is_freed_waits_no_more() -> None:
    """In a graph with a loop, one without inputs then waits for another node, which has a frame."""
    model = graph(ALL + "y = Abs(x, ^p, ^q)\nz = NoOp(^p, ^q)")
    edits = Edits(model)
    x, p, q = (model.node(name) for name in "xpq")
    for name in "yz":
        edits.free(model.node(name), frozenset((p,)), x)
        assert edits.controls(model.node(name)) == (q,)
        edits.free(model.node(name), frozenset((q,)), x)
        assert edits.controls(model.node(name)) == ()
    model = looped()
    edits = Edits(model)
    inside, alone, near, s = (model.node(name) for name in ("inside", "y", "body", "s"))
    for node in (inside, alone):
        edits.free(node, frozenset((s,)), near)
    assert edits.controls(inside) == ()
    assert edits.controls(alone) == (near,)


def test_no_node_waits_for_one_whose_place_another_took() -> None:
    model = graph(ALL + "m = Merge(x, x)\ny = Abs(x, ^m, ^p)")
    edits = Edits(model)
    edits.redirect(model.node("m").output(), model.node("x").output())
    assert [node.name for node in edits.controls(model.node("y"))] == ["p"]


def test_redirects_lead_on_and_overrides_come_first() -> None:
    model = graph("a = Const(1.0)\nb = Neg(a)\nc = Neg(b)\ny = Add(c, c)\nz = Identity(c)")
    a, b, c = (model.node(name).output() for name in "abc")
    y, z = model.node("y"), model.node("z")
    edits = Edits(model)
    edits.redirect(c, b)
    edits.redirect(b, a)
    edits.redirect(a, a)
    assert (edits.resolve(c), edits.resolve(a)) == (a, a)
    assert edits.inputs(y) == (a, a)
    edits.override(y, 1, c)
    edits.override(z, 0, model.node("y").output())
    assert edits.inputs(y) == (a, a)
    assert edits.inputs(z) == (model.node("y").output(),)
    assert (edits.read_by(y, 1), edits.read_by(z, 0)) == (c, model.node("y").output())


def test_a_ring_of_redirects_ends() -> None:
    model = graph("a = Const(1.0)\nb = Neg(a)")
    a, b = (model.node(name).output() for name in "ab")
    edits = Edits(model)
    edits.redirect(a, b)
    edits.redirect(b, a)
    assert edits.resolve(a) in (a, b)


def test_new_nodes_have_names_of_their_own() -> None:
    edits = Edits(graph("a = Const(1.0)\na_2 = Neg(a)"))
    names = [edits.add("a", "Neg", ()).node.name for _ in range(3)]
    assert names == ["a_1", "a_3", "a_4"]
    assert edits.add("b", "Neg", ()).name == "b:0"
    assert edits.add("b", "Neg", ()).name == "b_1:0"


def test_a_node_is_replaced_under_its_name() -> None:
    model = graph("x = Const(1.0)\np = Const(true)\ns = Switch(x, p, ^x)\ny = Add(s, s:1)")
    edits = Edits(model)
    s, y = model.node("s"), model.node("y")
    new = edits.replace(s, "IdentityN", s.inputs[:1], T="float")
    assert (new.name, new.op, new.controls, dict(new.bindings)) == (
        "s",
        "IdentityN",
        s.controls,
        {"T": "float"},
    )
    assert edits.inputs(y) == (Tensor(new, 0), Tensor(new, 1))
    edits.set_attributes(y, T="half", N=1)
    edits.set_attributes(y, N=2)
    assert edits.attributes(y) == {"T": "half", "N": 2}
    assert edits.attributes(s) == {}
