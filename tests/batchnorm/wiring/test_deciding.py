"""What decides a mode; what a predicate is while some of that has values, as soon as these are enough."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.switch import ModeSwitch
from bninspect.batchnorm.wiring.conditions import Conditions, Join
from bninspect.batchnorm.wiring.deciding import (
    deciders_of,
    is_true,
    sent_to_training_by,
    value_at,
    value_of,
)
from bninspect.batchnorm.wiring.nested import analysed, either
from tests.support.parts import STORED, fused_cond, report
from tests.support.text import graph

LEAVES = (
    "p = Placeholder(dtype=bool)\nq = Placeholder(dtype=bool)\nr = Placeholder(dtype=bool)\n"
    "m = Placeholder(dtype=int32)\nthree = Const(3)\nyes = Const(true)\nsome = Const([true, false])\n"
    "n = LogicalNot(p)\nboth = LogicalAnd(p, q)\nany = LogicalOr(p, q)\nnever = LogicalNot(both)\n"
    "is_three = Equal(m, three)\nwith_yes = LogicalAnd(p, yes)\nwith_some = LogicalAnd(some, p)\n"
    "deep = LogicalOr(both, r)\nhanded = Identity(n)\n"
)
T, F = True, False


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("p", {"p": T}, T),
        ("p", {"p": F}, F),
        ("p", {"q": T}, None),
        ("p", {}, None),
        ("n", {"p": T}, F),
        ("handed", {"p": F}, T),
        ("both", {"p": F}, F),
        ("both", {"q": F}, F),
        ("both", {"p": T}, None),
        ("both", {"p": T, "q": T}, T),
        ("both", {"both": T}, T),
        ("never", {"both": T}, F),
        ("never", {"p": F}, T),
        ("any", {"p": T}, T),
        ("any", {"q": T}, T),
        ("any", {"p": F}, None),
        ("any", {"p": F, "q": F}, F),
        ("is_three", {"m": 3}, T),
        ("is_three", {"m": 2}, F),
        ("with_yes", {"p": T}, T),
        ("with_some", {"p": T}, None),
        ("with_some", {"p": F}, F),
        ("deep", {"p": F}, None),
        ("deep", {"p": F, "r": F}, F),
        ("deep", {"r": T}, T),
        ("deep", {"both": T}, T),
        ("deep", {"both": F, "r": F}, F),
        ("yes", {"p": T}, None),
    ],
)
def test_the_value_as_soon_as_it_is_known(name: str, values: dict[str, int], found: bool | None) -> None:
    nodes = graph(LEAVES)
    given = {nodes.node(key).output(): value for key, value in values.items()}
    assert value_of(nodes.node(name).output(), given) is found


NUMBERS = (
    "zero = Const(0)\nis_none = Equal(m, zero)\nbelow = Less(m, three)\nabove = GreaterEqual(m, three)\n"
)
NODES = graph(LEAVES + NUMBERS)
CONDITIONS = Conditions(NODES)
BELOW = CONDITIONS.base(NODES.node("below").output())
"""`below` is met first, and stands for `above`, which is its negation."""


def switch(predicate: str, training_when: bool = True) -> ModeSwitch:
    """A layer that trains while the predicate is so; of two, `p and q`, what nested conditionals make."""
    first, _, second = predicate.partition(" and ")
    tensor = NODES.node(first).output()
    made = either(tensor, NODES.node(second).output(), False) if second else tensor
    assert not isinstance(made, bool)
    return ModeSwitch(predicate=analysed(made, CONDITIONS), training_when_predicate=training_when)


MODES = (Mode.TRAINING, Mode.INFERENCE)


class Decided(NamedTuple):
    """What sends a layer to its modes."""

    alone: bool
    """The one value that sends it to training."""
    training: dict[str, bool]
    inference: dict[str, bool]


DECIDED = {
    ("p", T): Decided(T, {"p": T}, {"p": F}),
    ("p", F): Decided(F, {"p": F}, {"p": T}),
    ("n", T): Decided(F, {"p": F}, {"p": T}),
    ("is_none", T): Decided(F, {"m": F}, {"m": T}),
    ("is_none", F): Decided(T, {"m": T}, {"m": F}),
    ("both", T): Decided(T, {"both": T}, {"both": F}),
    ("both", F): Decided(F, {"both": F}, {"both": T}),
    ("never", T): Decided(F, {"both": F}, {"both": T}),
    ("above", T): Decided(F, {"below": F}, {"below": T}),
    ("p and q", T): Decided(T, {"p": T, "q": T}, {"p": F, "q": F}),
    ("p and q", F): Decided(F, {"p": F, "q": F}, {"p": T, "q": T}),
    ("q and n", T): Decided(T, {"q": T, "p": F}, {"q": F, "p": T}),
}
"""(predicate, its value that serves training) -> what decides."""


@pytest.mark.parametrize(("predicate", "training_when"), DECIDED)
def test_what_decides_a_layer(predicate: str, training_when: bool) -> None:
    asked = switch(predicate, training_when)
    assert (
        Decided(
            sent_to_training_by(asked),
            *(
                {tensor.node.name: value for tensor, value in deciders_of(asked, mode).items()}
                for mode in MODES
            ),
        )
        == DECIDED[predicate, training_when]
    )


AT_JOINS: dict[tuple[str, bool], dict[str, tuple[bool | None, bool | None]]] = {
    ("p", T): {"p": (T, F), "handed": (F, T), "both": (None, F), "any": (T, None), "never": (None, T)},
    ("p", F): {"p": (F, T), "n": (T, F), "both": (F, None)},
    ("n", T): {"p": (F, T), "n": (T, F), "handed": (T, F), "q": (None, None)},
    ("n", F): {"p": (T, F), "n": (F, T)},
    ("both", T): {"both": (T, F), "never": (F, T), "p": (None, None), "deep": (T, None)},
    ("never", T): {"both": (F, T), "never": (T, F)},
    ("above", T): {"below": (F, T), "above": (T, F)},
    ("p and q", T): {
        "p": (T, F),
        "n": (F, T),
        "q": (T, F),
        "both": (T, F),
        "never": (F, T),
        "r": (None, None),
    },
}
"""(predicate of a layer, its value that serves training) -> what joins read: in training, in inference."""


@pytest.mark.parametrize(
    ("layer", "read"), [(layer, read) for layer, joins in AT_JOINS.items() for read in joins]
)
def test_what_the_predicate_of_a_join_is_in_a_mode(layer: tuple[str, bool], read: str) -> None:
    tensor = NODES.node(read).output()
    join = Join(node=tensor.node, predicate=tensor, if_true=tensor, if_false=tensor)
    found = tuple(value_at(join, switch(*layer), mode, CONDITIONS) for mode in MODES)
    assert found == AT_JOINS[layer][read]


@pytest.mark.parametrize(
    ("predicate", "values", "found"),
    [
        ("p", {"p": T}, T),
        ("n", {"p": T}, F),
        ("n", {"q": T}, None),
        ("both", {"p": F}, F),
        ("above", {"below": T}, F),
        ("above", {"below": F}, T),
        ("above", {"m": 3}, T),
        ("above", {"m": 2}, F),
        ("above", {}, None),
    ],
)
def test_what_an_analysed_predicate_is(predicate: str, values: dict[str, int], found: bool | None) -> None:
    """What stands for it may be computed otherwise, so that only the analysis knows of it."""
    given = {NODES.node(name).output(): value for name, value in values.items()}
    assert is_true(switch(predicate).predicate, given) is found


ASKED = (
    STORED
    + "phase = Placeholder(dtype=bool, shape=[])\nm = Placeholder(dtype=int32, shape=[])\n"
    + "three = Const(3)\nbelow = Less(m, three)\nabove = GreaterEqual(m, three)\n"
    + "yes = Const(true)\nnot = LogicalNot(below)\n"
)
CHOSEN = "half = Mul(y, y)\nz = Select(above, half, y)\n"
INSIDE = (
    "none = Const([])\ntrain = FusedBatchNormV3(x, gamma, beta, none, none)\n"
    "infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    "i = Select(below, train, infer)\ny = Select(phase, i, infer)\n"
)
ASKING = {
    "one source": (fused_cond("phase"), {}),
    "a constant": (fused_cond("yes"), {}),
    "numbers": (fused_cond("below"), {"below": {"below": F}}),
    "numbers, negated": (fused_cond("not"), {"below": {"below": F}}),
    "numbers, and what else asks": (fused_cond("below") + CHOSEN, {"below": {"below": F, "above": T}}),
    "what else asks, and no output needs": (
        fused_cond("below") + "t = Switch(x, above)\nout = Identity(y)\n",
        {"below": {"below": F}},
    ),
    "two together": (INSIDE, {"below": {"below": F}}),
    "two together, and what else asks": (INSIDE + CHOSEN, {"below": {"below": F, "above": T}}),
}


@pytest.mark.parametrize("case", ASKING)
def test_what_asks_for_what_is_computed(case: str) -> None:
    """What is fed or stored is asked for by itself."""
    lines, expected = ASKING[case]
    found = report(ASKED + lines)
    assert len(found.layers) == 1
    assert {
        tensor.node.name: {one.node.name: negated for one, negated in asking.items()}
        for tensor, asking in found.asking.items()
    } == expected
