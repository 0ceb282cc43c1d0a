"""What else goes with the layers, and what stays to be fed: other conditionals, and what reads a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import Mode
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.rewrite import specialize
from bninspect.rewrite.following import following
from tests.support.parts import PHASE, STORED, fused_cond, report

if TYPE_CHECKING:
    from bninspect.rewrite.specialize import Choice

NUMBER = STORED + "mode = Placeholder(dtype=int32, shape=[])\nzero = Const(0)\nfive = Const(5)\n"
TRAINS_AT_0 = NUMBER + "trains = Equal(mode, zero, T=int32)\n" + fused_cond("trains", "bn")
OTHER = "other = Placeholder(dtype=bool, shape=[])\n"
TOP = "top = Identity({}, T=float)\n"
HALVED = (
    "half = Const(0.5)\ntaken = Switch({x}, {when})\nhalved = Mul(taken:1, half, T=float)\n"
    "joined = Merge(taken, halved)\n" + TOP.format("joined")
)
LEFT_OUT, TAKEN = ["top = Identity({bn})"], ["halved = Mul({bn}, half)", "top = Identity(halved)"]
NORMALS = {Mode.TRAINING: "bn_train", Mode.INFERENCE: "bn_infer"}


def kept(text: str, choice: Choice, *, everything: bool = True) -> list[str]:
    """The nodes that compute, less batch norm, and constants that were made."""
    found = report(text)
    special = specialize(found, choice, everything=everything)
    nodes = special.pruned((), found.outputs).graphdef.nodes
    silent = ("Placeholder", "FusedBatchNormV3")
    return [
        f"{node.name} = {node.attr('value').array().tolist()!r} of {node.attr('dtype')}"
        if node.op == "Const"
        else f"{node.name} = {node.op}({', '.join(node.inputs)})"
        for node in nodes
        if node.op not in silent and (node.op != "Const" or node.name.endswith("/fixed"))
    ]


def named(lines: list[str], mode: Mode) -> list[str]:
    return [line.format(bn=NORMALS[mode]) for line in lines]


def stays(when: str, before: list[str] | None = None, after: list[str] | None = None) -> list[str]:
    """The lines of a conditional that is still there."""
    return [
        *(before or []),
        f"taken = Switch({{bn}}, {when})",
        "halved = Mul(taken:1, half)",
        "joined = Merge(taken, halved)",
        "top = Identity(joined)",
        *(after or []),
    ]


BY_A_NUMBER = {
    "the same predicate": ("trains", "", TAKEN, LEFT_OUT),
    "its negation": ("not", "not = LogicalNot(trains)\n", LEFT_OUT, TAKEN),
    "all values agree": ("late", "late = Greater(mode, five, T=int32)\n", LEFT_OUT, None),
    "a constant": ("no", "no = Const(false)\n", LEFT_OUT, LEFT_OUT),
    "a constant that is true": ("yes", "yes = Const(true)\n", TAKEN, TAKEN),
    "a negated constant": ("not", "no = Const(false)\nnot = LogicalNot(no)\n", TAKEN, TAKEN),
}
"""Kind -> (predicate, lines that make it, what is left in training mode, and in inference mode)."""


@pytest.mark.parametrize("kind", BY_A_NUMBER)
def test_what_all_values_of_a_mode_agree_on_is_settled(kind: str) -> None:
    when, more, training, inference = BY_A_NUMBER[kind]
    text = TRAINS_AT_0 + more + HALVED.format(x="bn", when=when)
    assert kept(text, Mode.TRAINING) == named(training, Mode.TRAINING)
    open_still = stays("late", ["late = Greater(mode, five)"])
    written = inference if inference is not None else open_still
    assert sorted(kept(text, Mode.INFERENCE)) == sorted(named(written, Mode.INFERENCE))


def test_another_predicate_may_settle_it_for_one_mode_alone() -> None:
    """Both are true while the layers train and what is fed is true: in inference mode that never is."""
    text = TRAINS_AT_0 + OTHER + "both = LogicalAnd(trains, other)\n" + HALVED.format(x="bn", when="both")
    assert kept(text, Mode.INFERENCE) == ["top = Identity(bn_infer)"]
    before = ["trains = Equal(mode/fixed, zero)", "both = LogicalAnd(trains, other)"]
    left = stays("both", before, ["mode/fixed = 0 of int32"])
    assert sorted(kept(text, Mode.TRAINING)) == sorted(named(left, Mode.TRAINING))


def test_a_conditional_on_what_decides_no_layer_stays() -> None:
    text = TRAINS_AT_0 + OTHER + HALVED.format(x="bn", when="other")
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        assert sorted(kept(text, mode)) == sorted(named(stays("other"), mode))


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
@pytest.mark.parametrize("chosen_one_by_one", [True, False])
def test_without_everything_only_layers_are_settled(mode: Mode, chosen_one_by_one: bool) -> None:
    """And so it is where the mode is chosen layer by layer: no one mode is there to settle the rest."""
    text = STORED + PHASE + "no = Const(false)\n" + fused_cond("phase", "bn")
    text += HALVED.format(x="bn", when="phase")
    choice: Choice = (lambda layer: mode) if chosen_one_by_one else mode
    left = kept(text, choice, everything=chosen_one_by_one)
    assert sorted(left) == sorted(named(stays("phase"), mode))
    assert kept(text, mode) == named(TAKEN if mode is Mode.TRAINING else LEFT_OUT, mode)


READ = "number = Cast(phase, SrcT=bool, DstT=float)\ntop = Mul(bn, number, T=float)\n"


@pytest.mark.parametrize(("mode", "value"), [(Mode.TRAINING, True), (Mode.INFERENCE, False)])
@pytest.mark.parametrize("true_is", ["training", "inference"])
def test_what_reads_a_boolean_reads_its_one_value(mode: Mode, value: bool, true_is: str) -> None:
    text = STORED + PHASE + fused_cond("phase", "bn", true_is=true_is) + READ
    normal, fixed = NORMALS[mode], value == (true_is == "training")
    lines = ["number = Cast(phase/fixed)", f"phase/fixed = {fixed} of bool", f"top = Mul({normal}, number)"]
    assert sorted(kept(text, mode)) == lines
    assert f"top = Mul({normal}, number)" in kept(text, mode, everything=False)
    assert "number = Cast(phase)" in kept(text, mode, everything=False)


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_what_reads_a_constant_that_decides_reads_it_still(mode: Mode) -> None:
    text = STORED + "phase = Const(true)\n" + fused_cond("phase", "bn") + READ
    assert sorted(kept(text, mode)) == ["number = Cast(phase)", f"top = Mul({NORMALS[mode]}, number)"]


def test_several_values_that_serve_stay_to_be_fed() -> None:
    text = TRAINS_AT_0 + "number = Cast(mode, SrcT=int32, DstT=float)\ntop = Mul(bn, number, T=float)\n"
    assert "number = Cast(mode)" in kept(text, Mode.INFERENCE)
    assert {"number = Cast(mode/fixed)", "mode/fixed = 0 of int32"} <= set(kept(text, Mode.TRAINING))


OPPOSED = STORED + PHASE + fused_cond("phase", "a") + fused_cond("phase", "bn", "a", true_is="inference")


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_what_no_one_value_serves_is_left_to_what_is_fed(mode: Mode) -> None:
    """The layers go their ways; what a constant decides goes, too."""
    assert sorted(kept(OPPOSED + HALVED.format(x="bn", when="phase"), mode)) == sorted(
        named(stays("phase"), mode)
    )
    constant = "no = Const(false)\n" + HALVED.format(x="bn", when="no")
    assert kept(OPPOSED + constant, mode) == named(LEFT_OUT, mode)


BEHIND = "s{0} = Switch({1}, {2})\n".format
MERGED = {
    "once": (BEHIND(1, "bn", "phase") + "m1 = Merge(s1, s1:1)\n", ["m1"]),
    "twice": (
        BEHIND(1, "bn", "phase")
        + "m1 = Merge(s1, s1:1)\n"
        + BEHIND(2, "m1", "phase")
        + "m2 = Merge(s2, s2:1)\n",
        ["m1", "m2"],
    ),
    "on the negation": (
        "not = LogicalNot(phase)\n" + BEHIND(1, "bn", "not") + "m1 = Merge(s1, s1:1)\n",
        ["m1"],
    ),
    "the moments": ("m1 = Merge(bn_infer:1, bn_train:1)\n", ["m1"]),
    "behind an Identity": ("i = Identity(bn_train:1)\nm1 = Merge(bn_infer:1, i)\n", ["m1"]),
    "behind a Select": ("m1 = Select(phase, bn, bn)\nm2 = Merge(m1, m1)\n", []),
    "one side computes": (BEHIND(1, "bn", "phase") + "r = Relu(s1)\nm1 = Merge(r, s1:1)\n", []),
    "one side is of x": (
        BEHIND(1, "bn", "phase") + BEHIND(2, "x", "phase") + "m1 = Merge(s2, s1:1)\n",
        [],
    ),
    "on another predicate": (OTHER + BEHIND(1, "bn", "other") + "m1 = Merge(s1, s1:1)\n", []),
    "a computing node before it": (BEHIND(1, "bn", "phase") + "r = Relu(s1)\nm1 = Merge(r, r)\n", []),
}


@pytest.mark.parametrize("kind", MERGED)
def test_merges_both_sides_of_which_a_layer_gives(kind: str) -> None:
    lines, names = MERGED[kind]
    found = report(STORED + PHASE + fused_cond("phase", "bn") + lines)
    layer = next(layer for layer in found.layers if layer.switch is not None)
    conditions = Conditions(found.graph)
    assert layer.switch is not None
    source, _ = conditions.base(layer.switch.predicate.tensor)
    behind = following(layer, source, found.graph, conditions)
    assert [node.name for node in behind] == names
