"""A number that decides: which values stand for all that it can have, and which serve a mode."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode
from bninspect.rewrite.serving import Decider, deciders, mode_under
from tests.support.parts import PHASE, STORED, fused_cond, report
from tests.support.reports import fixed_training, tensor

NUMBER = STORED + "mode = Placeholder(dtype=int32, shape=[])\nzero = Const(0)\nseven = Const(7)\n"
TRAINS_AT_0 = NUMBER + "trains = Equal(mode, zero)\n" + fused_cond("trains", "bn")
TOP = "top = Identity(bn, T=float)\n"
FEW = (-1, 0, 1)
AROUND_7 = (*FEW, 6, 7, 8)


def decider(text: str) -> Decider:
    (found,) = deciders(report(text + TOP))
    return found


COMPARED = {
    "nothing else": ("", FEW),
    "a number": ("b = Less(mode, seven)\n", AROUND_7),
    "the number first": ("b = Less(seven, mode)\n", AROUND_7),
    "what hands it on": ("i = Identity(mode)\nb = Less(i, seven)\n", AROUND_7),
    "what casts it": (
        "i = Cast(mode, SrcT=int32, DstT=float)\nhalf = Const(2.5)\nb = Less(i, half)\n",
        (*FEW, 2, 3),
    ),
    "a negative number": ("three = Const(-3)\nb = Less(mode, three)\n", (-4, -3, -2, *FEW)),
    "the largest": ("most = Const(2147483647)\nb = Less(mode, most)\n", (*FEW, 2147483646, 2147483647)),
    "one that is too wide": ("least = Const(-2147483648)\nb = Less(mode, least)\n", FEW),
    "the least but one": (
        "least = Const(-2147483647)\nb = Less(mode, least)\n",
        (-2147483648, -2147483647, -2147483646, *FEW),
    ),
    "several": ("many = Const([7, 9])\nb = Less(mode, many)\n", FEW),
    "an op of another kind": ("b = Foreign(mode, seven)\n", FEW),
    "behind an op of another kind": ("f = Foreign(mode)\nb = Less(f, seven)\n", FEW),
    "what only prints it": ("b = Print(x, mode, seven)\n", FEW),
    "another number": ("o = Placeholder(dtype=int32, shape=[])\nb = Less(o, seven)\n", FEW),
}
"""What it meets -> (lines, values that tell all it can have apart)."""


@pytest.mark.parametrize("kind", COMPARED)
def test_values_beside_all_that_it_is_compared_with(kind: str) -> None:
    lines, values = COMPARED[kind]
    found = decider(TRAINS_AT_0 + lines)
    assert (found.tensor.name, found.values) == ("mode:0", values)
    assert found.serving(Mode.TRAINING) == (0,)
    assert found.serving(Mode.INFERENCE) == tuple(value for value in values if value)
    assert found.to_feed(Mode.TRAINING) == (0,)
    assert [layer.name for layer in found.layers] == ["bn"]
    assert not found.is_constant


@pytest.mark.parametrize(
    ("lines", "fed"),
    [
        ("", (1,)),
        ("three = Const(-3)\nb = Less(mode, three)\n", (-4, -3, -2, -1, 1)),
        ("one = Const(-1)\nb = Less(mode, one)\n", (-2, -1, 1)),
    ],
    ids=["an index elsewhere, maybe", "a number that may be negative", "one that may be -1"],
)
def test_a_negative_number_is_fed_where_the_graph_compares_with_one(lines: str, fed: tuple[int, ...]) -> None:
    assert decider(TRAINS_AT_0 + lines).to_feed(Mode.INFERENCE) == fed


def test_a_negative_number_serves_and_is_not_fed() -> None:
    found = decider(NUMBER + "trains = LessEqual(mode, zero)\n" + fused_cond("trains", "bn"))
    assert found.values == FEW
    assert (found.serving(Mode.TRAINING), found.to_feed(Mode.TRAINING)) == ((-1, 0), (0,))
    assert found.serving(Mode.INFERENCE) == found.to_feed(Mode.INFERENCE) == (1,)


def test_a_negative_number_is_fed_where_no_other_serves_all_layers() -> None:
    """One layer trains up to 0, the other at all but 0."""
    lines = "up_to = LessEqual(mode, zero)\nbut = NotEqual(mode, zero)\n"
    found = decider(NUMBER + lines + fused_cond("up_to", "a") + fused_cond("but", "bn", "a"))
    assert [layer.name for layer in found.layers] == ["a", "bn"]
    assert (found.serving(Mode.TRAINING), found.to_feed(Mode.TRAINING)) == ((-1,), (-1,))
    assert (found.serving(Mode.INFERENCE), found.to_feed(Mode.INFERENCE)) == ((), (0, 1))


def test_0_is_fed_if_it_serves() -> None:
    found = decider(NUMBER + "one = Const(1)\ntrains = Equal(mode, one)\n" + fused_cond("trains", "bn"))
    assert found.to_feed(Mode.INFERENCE) == (0, 2)


def test_the_default_of_a_number_is_none_that_it_is_compared_with() -> None:
    default = NUMBER.replace("Placeholder(dtype=int32", "PlaceholderWithDefault(nine, dtype=int32")
    text = default + "nine = Const(9)\ntrains = Equal(mode, zero)\n" + fused_cond("trains", "bn")
    assert decider(text).values == FEW


def test_what_asks_the_opposite_is_fed_the_opposite() -> None:
    one, other = (tensor(name, "Placeholder", dtype="bool") for name in ("one", "other"))
    found = Decider(tensor=one, layers=(), values=(False, True), asking=((one, False), (other, True)))
    for value in (False, True):
        fed = {name.name: array.tolist() for name, array in found.arrays(value).items()}
        assert fed == {"one:0": value, "other:0": not value}
    assert not found.is_constant


@pytest.mark.parametrize("true_is", ["training", "inference"])
def test_a_boolean_has_one_value_for_each_mode(true_is: str) -> None:
    found = decider(STORED + PHASE + fused_cond("phase", "bn", true_is=true_is))
    trains = true_is == "training"
    assert found.values == (False, True)
    assert found.serving(Mode.TRAINING) == (trains,)
    assert found.serving(Mode.INFERENCE) == (not trains,)
    for mode, value in ((Mode.TRAINING, trains), (Mode.INFERENCE, not trains)):
        assert [(tensor.node.op, wanted) for tensor, wanted in found.wanted(mode)] == [("Identity", value)]
    assert {one.name: array.tolist() for one, array in found.arrays(True).items()} == {"phase:0": True}


def test_layers_of_opposed_polarity_are_served_by_no_value() -> None:
    text = STORED + PHASE + fused_cond("phase", "a") + fused_cond("phase", "bn", "a", true_is="inference")
    found = decider(text)
    assert [layer.name for layer in found.layers] == ["a", "bn"]
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        assert found.serving(mode) == ()
        assert found.to_feed(mode) == (False, True)


@pytest.mark.parametrize("op", ["LogicalAnd", "LogicalOr"])
def test_a_predicate_of_two_decides_as_one_boolean(op: str) -> None:
    """Beside it, what decides another layer alone is one of its own."""
    both = f"other = Placeholder(dtype=bool, shape=[])\nboth = {op}(phase, other)\n"
    text = STORED + PHASE + both + fused_cond("both", "a") + fused_cond("phase", "bn", "a")
    found = {one.tensor.name: one for one in deciders(report(text + TOP))}
    assert [*found] == ["both:0", "phase:0"]
    for one, name in zip(found.values(), ("a", "bn"), strict=True):
        assert [layer.name for layer in one.layers] == [name]
        assert (one.serving(Mode.TRAINING), one.to_feed(Mode.TRAINING)) == ((True,), (True,))
        assert (one.serving(Mode.INFERENCE), one.to_feed(Mode.INFERENCE)) == ((False,), (False,))


def test_the_mode_of_a_layer_under_values() -> None:
    found = report(TRAINS_AT_0 + PHASE + TOP)
    (layer,) = found.layers
    mode, phase = (found.graph.node(name).output() for name in ("mode", "phase"))
    assert mode_under(layer, {mode: 0}) is Mode.TRAINING
    assert mode_under(layer, {mode: 3}) is Mode.INFERENCE
    assert mode_under(layer, {phase: True}) is None
    assert mode_under(layer, {}) is None
    assert mode_under(fixed_training(), {phase: False}) is Mode.TRAINING


def test_what_the_file_fixes_decides_nothing() -> None:
    found = decider(STORED + "phase = Const(true)\n" + fused_cond("phase", "bn"))
    assert found.is_constant
