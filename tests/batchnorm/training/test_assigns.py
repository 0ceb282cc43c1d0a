"""From a batch's statistics to the ops that assign them: through what, to which variable, how fast."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.training.assigns import averages_of, updates_behind, updates_from, updates_of
from tests.support.text import graph

HEAD = """
batch = Placeholder(dtype=float, shape=[3])
phase = Placeholder(dtype=bool, shape=[])
v = VariableV2(dtype=float, shape=[3])
w = VariableV2(dtype=float, shape=[3])
rate = Const(0.125)
one = Const(1.0)
kept = Const(0.875)
"""
STEP = "gap = Sub(v, batch)\nstep = Mul(gap, rate)\nup = AssignSub(v, step)\n"
FOUND: dict[str, tuple[str, list[tuple[str, str, float | None]]]] = {
    "by a rate": (STEP, [("up", "v", 0.875)]),
    "by a rate in front": (STEP.replace("gap, rate", "rate, gap"), [("up", "v", 0.875)]),
    "by 1 - momentum": (
        "r = Sub(one, kept)\n" + STEP.replace("gap, rate", "gap, r"),
        [("up", "v", 0.875)],
    ),
    "a sum": (
        "a = Mul(v, kept)\nb = Mul(batch, rate)\ns = Add(a, b)\nup = Assign(v, s)\n",
        [("up", "v", 0.875)],
    ),
    "a sum the other way": (
        "a = Mul(kept, v)\nb = Mul(rate, batch)\ns = AddV2(b, a)\nup = Assign(v, s)\n",
        [("up", "v", 0.875)],
    ),
    "a plain assign": ("up = Assign(v, batch)\n", [("up", "v", None)]),
    "to what freezing made of a variable": (
        "frozen = Const([0.5, 0.5, 0.5])\nup = Assign(frozen, batch)\n",
        [("up", "frozen", None)],
    ),
    "to what is no variable": (
        "other = Placeholder(dtype=float, shape=[3])\nup = Assign(other, batch)\n",
        [],
    ),
    "as what is assigned to": ("up = Assign(batch, one)\n", []),
    "twice from one batch": (
        "copy = Identity(batch)\nup = Assign(v, batch)\nagain = Assign(w, copy)\n",
        [("up", "v", None), ("again", "w", None)],
    ),
    "both sides of one step": (
        "double = Add(batch, batch)\n" + STEP.replace("(v, batch)", "(v, double)"),
        [("up", "v", 0.875)],
    ),
    "through an IdentityN": (
        "many = IdentityN(one, batch)\nup = Assign(v, many:1)\nnone = Assign(w, many)\n",
        [("up", "v", None)],
    ),
    "through either port of a Switch": (
        "s = Switch(batch, phase)\nup = Assign(v, s)\nagain = Assign(w, s:1)\n",
        [("up", "v", None), ("again", "w", None)],
    ),
    "not past a Relu": ("r = Relu(batch)\nup = Assign(v, r)\n", []),
    "what a plain assign was given, from its variable": (
        "up = Assign(v, batch)\nread = Identity(v)\nnext = Assign(w, read)\n",
        [("up", "v", None), ("next", "w", None)],
    ),
    "what an average became, from its op": (
        STEP + "next = Assign(w, up)\n",
        [("up", "v", 0.875), ("next", "w", None)],
    ),
    "not what the variable of an average was": (
        STEP + "read = Identity(v)\nnext = Assign(w, read)\n",
        [("up", "v", 0.875)],
    ),
}


@pytest.mark.parametrize("written", FOUND)
def test_what_a_batch_is_assigned_to(written: str) -> None:
    lines, expected = FOUND[written]
    found = graph(HEAD + lines)
    updates = updates_from([found.node("batch").output()], found)
    assert [(one.node.name, one.variable.node.name, one.momentum) for one in updates] == expected


def test_the_shadow_of_a_variable_starts_from_it_and_is_no_update() -> None:
    found = graph(
        HEAD + "known = IsVariableInitialized(v)\ns = Switch(batch, known)\nstart = Assign(w, s:1)\n"
    )
    assert updates_from([found.node("batch").output()], found) == []


CHOOSE = "off = Const({})\non = Const({})\nr = Merge(off, on)\n"
SUM = "a = Mul(v, {0})\nb = Mul(batch, rate)\ns = Add(a, b)\nup = Assign(v, s)\n"
LESS = "".join(f"l{n} = Sub(one, {f'l{n - 1}' if n else 'rate'})\n" for n in range(6))
FIRST = "zero = Const(0.0)\n" + "".join(
    f"l{n} = Sub({f'l{n - 1}' if n else 'rate'}, zero)\n" for n in range(6)
)
MOMENTA: dict[str, tuple[str, float | None]] = {
    "as a person wrote it, not as float32 holds it": ("m = Const(0.9)\n" + SUM.format("m"), 0.9),
    "seven digits": ("m = Const(0.99999)\n" + SUM.format("m"), 0.99999),
    "no number": ("m = Const(1e999)\n" + SUM.format("m"), None),
    "a rate that is no number": (STEP.replace("rate", "m") + "m = Const(1e999)\n", None),
    "fed": ("m = Placeholder(dtype=float, shape=[])\n" + SUM.format("m"), None),
    "1 less what is fed": (
        "m = Placeholder(dtype=float, shape=[])\nk = Sub(one, m)\n" + SUM.format("k"),
        None,
    ),
    "what is fed less 1": (
        "m = Placeholder(dtype=float, shape=[])\nk = Sub(m, one)\n" + SUM.format("k"),
        None,
    ),
    "of four differences": (LESS + SUM.format("l3"), 0.125),
    "of more differences than anybody writes": (LESS + SUM.format("l4"), None),
    "of four differences, the first of each": (FIRST + SUM.format("l3"), 0.125),
    "of more differences, the first of each": (FIRST + SUM.format("l4"), None),
    "1 where nothing is learned": (CHOOSE.format(1.0, 0.75) + SUM.format("r"), 0.75),
    "0 where nothing is learned": (CHOOSE.format(0.25, 0.0) + STEP.replace("rate", "r"), 0.75),
    "1 less a momentum of 1": (
        CHOOSE.format(1.0, 0.75) + "k = Sub(one, r)\n" + STEP.replace("rate", "k"),
        0.75,
    ),
    "1 less a rate of 0": (CHOOSE.format(0.25, 0.0) + "k = Sub(one, r)\n" + SUM.format("k"), 0.75),
    "two that learn": (CHOOSE.format(0.5, 0.75) + SUM.format("r"), None),
    "always idle": (CHOOSE.format(1.0, 1.0) + SUM.format("r"), None),
    "one that is fed": (
        CHOOSE.format(1.0, 0.75).replace("on = Const(0.75)", "on = Neg(one)") + SUM.format("r"),
        None,
    ),
    "of another variable": (SUM.format("kept").replace("Mul(v,", "Mul(w,"), None),
    "a quotient of the variable": (SUM.format("kept").replace("Mul(v,", "RealDiv(v,"), None),
    "a quotient of the gap": (STEP.replace("Mul", "RealDiv"), None),
    "of what is no gap": (STEP.replace("Sub(v", "Add(v"), None),
    "of a difference that is assigned": (STEP.replace("AssignSub", "Assign"), None),
    "of a sum that is subtracted": (SUM.format("kept").replace("Assign(", "AssignSub("), None),
    "of a difference of terms": (SUM.format("kept").replace("Add(", "Sub("), None),
}


@pytest.mark.parametrize("written", MOMENTA)
def test_the_momentum_of_an_update(written: str) -> None:
    lines, momentum = MOMENTA[written]
    found = graph(HEAD + lines)
    (update,) = updates_from([found.node("batch").output()], found)
    assert (update.node.name, update.momentum) == ("up", momentum)


OF: dict[str, tuple[str, list[str]]] = {
    "by any arithmetic": ("r = Relu(batch)\nup = Assign(v, r)\n", ["up"]),
    "another variable": ("up = Assign(w, batch)\n", []),
    "made of something else": ("up = Assign(v, one)\n", []),
    "the variable is what is assigned": ("r = Add(v, batch)\nup = Assign(w, v)\n", []),
    "through a reading": ("ref = Identity(v)\nup = Assign(ref, batch)\n", ["up"]),
    "through either port of a Switch": (
        "s = RefSwitch(v, phase)\nup = Assign(s, batch)\nagain = Assign(s:1, batch)\n",
        ["up", "again"],
    ),
    "not through the predicate of a Switch": ("s = Switch(w, v)\nup = Assign(s, batch)\n", []),
    "not through a sum": ("s = Add(v, one)\nup = Assign(s, batch)\n", []),
    "not made of what a variable was assigned": ("first = Add(w, one)\nup = Assign(v, first)\n", []),
}


@pytest.mark.parametrize("written", OF)
def test_what_is_assigned_to_a_variable(written: str) -> None:
    lines, expected = OF[written]
    found = graph(HEAD + lines)
    updates = updates_of(found.node("v").output(), {found.node("batch")}, found)
    assert [one.node.name for one in updates] == expected
    assert all(one.variable.name == "v:0" for one in updates)


AVERAGED: dict[str, tuple[str, list[str]]] = {
    "another variable": ("gap = Sub(w, v)\nstep = Mul(gap, rate)\nup = AssignSub(w, step)\n", ["up"]),
    "its rate in front": ("gap = Sub(w, v)\nstep = Mul(rate, gap)\nup = AssignSub(w, step)\n", ["up"]),
    "as resources": (
        "a = VarHandleOp(dtype=float, shape=[3])\nv_now = ReadVariableOp(v)\na_now = ReadVariableOp(a)\n"
        "gap = Sub(a_now, v_now)\nstep = Mul(gap, rate)\nup = AssignSubVariableOp(a, step)\n",
        ["up"],
    ),
    "the gap the other way": ("gap = Sub(v, w)\nstep = Mul(gap, rate)\nup = AssignSub(w, step)\n", []),
    "a sum in place of the gap": ("gap = Add(w, v)\nstep = Mul(gap, rate)\nup = AssignSub(w, step)\n", []),
    "added": ("gap = Sub(w, v)\nstep = Mul(gap, rate)\nup = AssignAdd(w, step)\n", []),
    "replaced": ("gap = Sub(w, v)\nstep = Mul(gap, rate)\nup = Assign(w, step)\n", []),
    "the gap alone": ("gap = Sub(w, v)\nup = AssignSub(w, gap)\n", []),
    "a quotient": ("gap = Sub(w, v)\nstep = RealDiv(gap, rate)\nup = AssignSub(w, step)\n", []),
    "itself": ("gap = Sub(v, v)\nstep = Mul(gap, rate)\nup = AssignSub(v, step)\n", []),
}


@pytest.mark.parametrize("written", AVERAGED)
def test_averages_of_a_variable(written: str) -> None:
    lines, expected = AVERAGED[written]
    found = graph(HEAD + lines)
    assert [one.node.name for one in averages_of(found.node("v").output(), found)] == expected


def test_looked_for_from_the_assigns() -> None:
    """To a vector, past the arithmetic that the way forward does not follow, up to the first source."""
    found = graph(
        HEAD
        + "count = VariableV2(dtype=float, shape=[])\nroot = Sqrt(batch)\nmean = Mean(root, one)\n"
        + "up = Assign(v, mean)\nscalar = Assign(count, batch)\nbeside = Assign(w, one)\n"
        + "far = Exp(batch)\nagain = Assign(w, far)\n"
    )
    batch, mean = found.node("batch").output(), found.node("mean").output()
    for sources, met in (({batch}, batch), ({batch, mean}, mean)):
        behind = updates_behind(sources, found)
        assert {source: [one.node.name for one in ups] for source, ups in behind.items()} == {met: ["up"]}
