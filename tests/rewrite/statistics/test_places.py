"""Where the statistics of a layer stand, each kind by hand: in constants, in an op that gets some, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.rewrite.statistics.slots import find_slots
from tests.batchnorm.recognition.quantization.test_scaled_weights import FOLDED
from tests.support.parts import EMPTY, MOMENTS, PHASE, STORED, fused_cond
from tests.support.reports import fixed_training, report as reported
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.graphdef import NodeDef
    from bninspect.rewrite.statistics.slots import Slot

TOP = "top = Identity(bn, T=float)\n"
CHAIN = """
centred = Sub(x, MEAN)
added = Add(VARIANCE, epsilon)
root = Rsqrt(added)
scale = Mul(root, GAMMA)
normal = Mul(centred, scale)
bn = Add(normal, beta)
"""
STATISTICS = {"mean": "Const([0.5, -0.5, 0.25])", "variance": "Const([1.5, 2.5, 0.5])"}


def fused(name: str = "bn", x: str = "x", mean: str = "mean", variance: str = "variance") -> str:
    """A fused op in inference mode."""
    inputs = f"{x}, gamma, beta, {mean}, {variance}"
    return f"{name} = FusedBatchNormV3({inputs}, is_training=false, T=float, U=float)\n"


def chain(mean: str = "mean", variance: str = "variance", gamma: str = "gamma") -> str:
    return CHAIN.replace("MEAN", mean).replace("VARIANCE", variance).replace("GAMMA", gamma)


def variable(part: str) -> str:
    """The lines of parameters, in which this statistic is a variable without a value."""
    return STORED.replace(f"{part} = {STATISTICS[part]}", f"{part} = VariableV2(dtype=float, shape=[3])")


def name(record: NodeDef | None) -> str:
    return "-" if record is None else record.name


def said(slot: Slot) -> str:
    """`layers: mean, variance, reader`, and why it stands apart."""
    place = ", ".join(name(record) for record in (slot.mean, slot.variance, slot.reader))
    why = f" ({slot.shared_with})" if slot.shared_with else ""
    return f"{' '.join(layer.name for layer in slot.layers)}: {place}{why}{' new' if slot.is_new else ''}"


def places(text: str, outputs: tuple[str, ...] = (), *, create: bool = False) -> list[str]:
    found = inspect(graph(text), outputs=outputs) if outputs else inspect(graph(text))
    slots, left = find_slots(found, create=create)
    return [said(slot) for slot in slots] + [f"{one.what}: {one.reason}" for one in left]


OWN = "bn: mean, variance, -"
TOP_READS = "Add top reads, too"
CONSTANT_THAT = "bn: its statistics stand in a constant that "
NO_CONSTANT = "bn: its statistics are no constants of the file: "
KINDS = {
    "fused": (fused() + TOP, [OWN]),
    "chain": (chain() + TOP, [OWN]),
    "under a predicate": (PHASE + fused_cond("phase", "bn") + TOP, [OWN]),
    "by a constant that trains": ("yes = Const(true)\n" + fused_cond("yes", "bn") + TOP, [OWN]),
    "called twice": (fused("a") + fused(x="a") + TOP, ["a bn: mean, variance, -"]),
    "one constant for both": (
        fused(variance="mean") + TOP,
        ["bn: -, -, bn (holds both a mean and a variance)"],
    ),
    "gamma is its mean": (fused(mean="gamma") + TOP, ["bn: -, -, bn (is its gamma, too)"]),
    "beta is its variance": (fused(variance="beta") + TOP, ["bn: -, -, bn (is its beta, too)"]),
    "gamma of a chain": (chain(gamma="mean") + TOP, [f"{CONSTANT_THAT}is its gamma, too"]),
    "its mean is read": (fused() + "top = Add(bn, mean, T=float)\n", [f"bn: -, -, bn ({TOP_READS})"]),
    "its variance is read": (fused() + "top = Add(bn, variance, T=float)\n", [f"bn: -, -, bn ({TOP_READS})"]),
    "of two calls": (
        fused("a") + fused(x="a") + "top = Add(bn, mean, T=float)\n",
        [f"a: -, -, a ({TOP_READS})", f"bn: -, -, bn ({TOP_READS})"],
    ),
    "of a chain": (chain() + "top = Mul(bn, mean, T=float)\n", [f"{CONSTANT_THAT}Mul top reads, too"]),
    "a bias before it": (
        "b = Add(x, mean, T=float)\n" + fused(x="b") + TOP,
        ["bn: -, -, bn (Add b reads, too)"],
    ),
    "past a reshape": (
        fused() + "size = Const([1, 3])\nrow = Reshape(mean, size, T=float)\ntop = Add(bn, row, T=float)\n",
        [f"bn: -, -, bn ({TOP_READS})"],
    ),
    "what nobody asks for reads it": (fused() + TOP + "idle = Sub(mean, beta)\nend = NoOp(^idle)\n", [OWN]),
    "a beta elsewhere": (
        fused("a") + fused(x="a", variance="beta") + TOP,
        ["a: -, -, a (FusedBatchNormV3 bn reads, too)", "bn: -, -, bn (is its beta, too)"],
    ),
    "computed": (
        "one = Const([1.0, 1.0, 1.0])\nmore = Add(mean, one)\n" + fused(mean="more") + TOP,
        ["bn: its statistics are not read from the file: they are computed by Add more when the model runs"],
    ),
    "a fused op that trains": (
        EMPTY + f"bn = FusedBatchNormV3(x, gamma, beta, none, none, T=float, U=float)\n{TOP}",
        ["bn: -, -, bn"],
    ),
}
"""Kind -> (lines, what is found with and without `create`)."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("create", [False, True])
def test_the_place_of_statistics(kind: str, create: bool) -> None:
    text, expected = KINDS[kind]
    assert places(STORED + text, create=create) == expected


@pytest.mark.parametrize("part", ["mean", "variance"])
def test_a_variable_is_no_place(part: str) -> None:
    """The first that is none is named."""
    assert places(variable(part) + fused() + TOP) == [f"{NO_CONSTANT}VariableV2 {part}"]


TRAINING = {
    "a chain": (
        STORED + MOMENTS + chain("batch_mean", "batch_variance") + TOP,
        "it normalizes with the moments of its x alone, and the file has no place for statistics: add "
        "--strip, which replaces it",
        "bn: -, -, - new",
    ),
    "folded into weights that are rounded": (
        FOLDED,
        "its weights are rounded within a range that was learned with its old statistics: add --strip, "
        "which chooses a new range",
        "y: -, -, - new",
    ),
}


@pytest.mark.parametrize("kind", TRAINING)
def test_a_place_is_made_where_it_is_asked_for(kind: str) -> None:
    text, reason, place = TRAINING[kind]
    (left,) = places(text)
    assert left.partition(": ")[2] == reason
    assert places(text, create=True) == [place]


HANDED_ON = {
    "the constant": ("statistic = Identity(mean, T=float)\n", OWN),
    "laid out anew": (
        "size = Const([1, 3])\nrow = Reshape(mean, size, T=float)\nstatistic = Identity(row, T=float)\n",
        OWN,
    ),
    "in another type": ("statistic = Cast(variance, SrcT=float, DstT=double)\n", OWN),
    "by IdentityN": ("statistic = IdentityN(mean, variance)\n", OWN),
    "chosen": (PHASE + "s = Switch(mean, phase)\nstatistic = Merge(s, s:1)\n", OWN),
    "computed with": ("statistic = Neg(mean, T=float)\n", "bn: -, -, bn (Neg statistic reads, too)"),
    "computed with, and handed on": (
        "minus = Neg(mean, T=float)\nstatistic = Identity(minus, T=float)\n",
        "bn: -, -, bn (Neg minus reads, too)",
    ),
    "handed on, and computed with": (
        "again = Identity(variance, T=float)\nstatistic = Neg(again, T=float)\n",
        "bn: -, -, bn (Neg statistic reads, too)",
    ),
}


@pytest.mark.parametrize("kind", HANDED_ON)
def test_an_output_of_the_statistics_themselves_shares_nothing(kind: str) -> None:
    lines, expected = HANDED_ON[kind]
    text = STORED + fused() + TOP + lines
    assert places(text, ("top:0", "statistic:0")) == [expected]
    assert places(text, ("top:0",)) == [OWN]


def test_what_no_record_of_the_file_is_has_no_place() -> None:
    layer = fixed_training()
    layer.sites[0].node.nodedef = None
    slots, (left,) = find_slots(reported(layer), create=False)
    assert (slots, left.what, left.reason) == ((), "bn", "it is not a node of the file")
