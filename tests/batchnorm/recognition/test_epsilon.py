"""variance + epsilon: which number epsilon is, and a root that is written again where it is needed again."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.epsilon import radicand_of
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.parts import BATCH, PHASE, STORED, names_of_parts, only_layer, reasons, report
from tests.support.text import graph

NORMALIZED = (
    "shifted = AddV2(variance, e)\nroot = Rsqrt(shifted)\ncentred = Sub(x, mean)\nn = Mul(centred, root)\n"
)
NORMALIZED += "m = Mul(n, gamma)\ny = Add(m, beta)\n"
CHOICE = PHASE + "p = Switch({}, phase)\nq = Switch({}, phase)\ne = Merge(p, q:1)\n"
SAME = "again = Const(0.001)\n"
NUMBERS = {
    "both branches hold it": SAME + CHOICE.format("epsilon", "again"),
    "a Select of two": PHASE + SAME + "e = Select(phase, epsilon, again)\n",
    "the default of a placeholder": "e = PlaceholderWithDefault(epsilon, dtype=float, shape=[])\n",
}


@pytest.mark.parametrize("spelling", NUMBERS)
def test_a_number_whatever_feeds_or_chooses(spelling: str) -> None:
    layer = only_layer(STORED + NUMBERS[spelling] + NORMALIZED)
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", "mean:0", "variance:0"]
    assert layer.epsilon == pytest.approx(1e-3)


OTHERS = {
    "fed": ("e = Placeholder(dtype=float, shape=[])\n", "epsilon is fed, e:0: its value is not in the file"),
    "chosen": (
        "other = Const(0.0)\n" + CHOICE.format("epsilon", "other"),
        "a predicate chooses epsilon, 0 or 0.001",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_no_one_number_is_said(case: str) -> None:
    lines, reason = OTHERS[case]
    assert reasons(STORED + lines + NORMALIZED) == [reason]


def test_added_in_each_branch() -> None:
    """The variance is what stands before it; of two that differ none is epsilon."""
    lines = "kept = Switch(variance, phase)\nto = Switch(batch_variance, phase)\n"
    lines += "a = Add(kept, epsilon)\nb = Add(to:1, {})\nchosen = Merge(a, b)\nroot = Rsqrt(chosen)\n"
    lines += "m_kept = Switch(mean, phase)\nm_to = Switch(batch_mean, phase)\nm = Merge(m_kept, m_to:1)\n"
    lines += "centred = Sub(x, m)\nn = Mul(centred, root)\n"
    layer = only_layer(BATCH + PHASE + SAME + lines.format("again"))
    assert layer.epsilon == pytest.approx(1e-3)
    assert layer.moving_variance is not None
    assert layer.moving_variance.name == "variance:0"
    other = only_layer(BATCH + PHASE + "other = Const(0.01)\n" + lines.format("other"))
    assert other.epsilon is None


FIRST = "shifted = AddV2(variance, epsilon)\nroot = Rsqrt(shifted)\n"
FIRST += "inv = Mul(root, gamma)\nscaled = Mul(x, inv)\n"
SECOND = {
    "of the same sum": "root_2 = Rsqrt(shifted)\n",
    "of a sum of its own": SAME + "shifted_2 = Add(again, variance)\nroot_2 = Rsqrt(shifted_2)\n",
    "of the sum handed on": "again = Identity(shifted)\nroot_2 = Rsqrt(again)\n",
    "laid out again": "root_1 = Rsqrt(shifted)\nto = Const([1, 1, 1, 3])\nroot_2 = Reshape(root_1, to)\n",
    "divided by": "root_1 = Sqrt(shifted)\nroot_2 = Reciprocal(root_1)\n",
}
OFFSETS = {
    "mean * (gamma * root)": "inv_2 = Mul(gamma, root_2)\nmoved = Mul(mean, inv_2)\n",
    "mean * gamma * root": "half = Mul(mean, gamma)\nmoved = Mul(half, root_2)\n",
}
ENDS = {
    "Add": "offset = Sub(beta, moved)\ny = AddV2(scaled, offset)\n",
    "BiasAdd": "offset = Sub(beta, moved)\ny = BiasAdd(scaled, offset)\n",
    "AddN": "off = Neg(moved)\ny = AddN(scaled, off, beta)\n",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("second", SECOND)
def test_a_root_that_is_written_twice(second: str, offset: str, end: str) -> None:
    layer = only_layer(STORED + FIRST + SECOND[second] + OFFSETS[offset] + ENDS[end])
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", "mean:0", "variance:0"]
    assert layer.output.name == "y:0"
    assert layer.epsilon == pytest.approx(1e-3)


def test_x_times_gamma_first() -> None:
    lines = "shifted = AddV2(variance, epsilon)\nroot = Rsqrt(shifted)\nweighed = Mul(x, gamma)\n"
    lines += "scaled = Mul(weighed, root)\ninv = Mul(root, gamma)\nmoved = Mul(mean, inv)\n" + ENDS["Add"]
    layer = only_layer(STORED + lines)
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", "mean:0", "variance:0"]


def test_x_that_is_itself_a_difference() -> None:
    """The roots together leave no doubt which is x, where one alone would take 127 for the mean."""
    image = "grey = Const(127.0)\nimage = Sub(x, grey)\n"
    lines = (FIRST + SECOND["of the same sum"] + OFFSETS["mean * gamma * root"]).replace(
        "Mul(x,", "Mul(image,"
    )
    layer = only_layer(STORED + image + lines + ENDS["Add"])
    assert names_of_parts(layer) == ["image:0", "gamma:0", "beta:0", "mean:0", "variance:0"]


UNLIKE = {
    "another epsilon": "other = Const(0.01)\nshifted_2 = Add(variance, other)\nroot_2 = Rsqrt(shifted_2)\n",
    "another variance": "v = Const([1.0, 2.0, 3.0])\n"
    "shifted_2 = Add(v, epsilon)\nroot_2 = Rsqrt(shifted_2)\n",
    "no epsilon": "root_2 = Rsqrt(variance)\n",
}


@pytest.mark.parametrize("second", UNLIKE)
def test_roots_of_other_values_are_not_taken_for_one(second: str) -> None:
    found = report(STORED + FIRST + UNLIKE[second] + OFFSETS["mean * gamma * root"] + ENDS["Add"])
    assert found.layers == ()
    assert "root" in {said.node for said in found.unrecognised}


def test_towers_with_roots_of_their_own_are_layers_of_their_own() -> None:
    other = "other = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
    tower = FIRST + "moved = Mul(mean, inv)\n" + ENDS["Add"]
    names = ("shifted", "root", "inv", "scaled", "moved", "offset", "y")
    second = tower.replace("x,", "other,")
    for name in names:
        second = second.replace(name, f"{name}_b")
    found = report(STORED + tower + other + second)
    assert [(layer.x.name, layer.output.name) for layer in found.layers] == [
        ("x:0", "y:0"),
        ("other:0", "y_b:0"),
    ]


@pytest.mark.parametrize("op", ["Abs", "Relu"])
def test_a_variance_kept_from_being_negative(op: str) -> None:
    layer = only_layer(
        STORED
        + f"kept = {op}(variance)\ne = Identity(epsilon)\n"
        + NORMALIZED.replace("(variance,", "(kept,")
    )
    assert layer.statistics.values is not None
    assert layer.moving_variance is not None
    assert layer.moving_variance.name == "variance:0"


def test_a_root_without_epsilon_that_is_written_twice() -> None:
    first = "root = Rsqrt(variance)\ninv = Mul(root, gamma)\nscaled = Mul(x, inv)\nroot_2 = Rsqrt(variance)\n"
    layer = only_layer(STORED + first + OFFSETS["mean * (gamma * root)"] + ENDS["Add"])
    assert (layer.epsilon, names_of_parts(layer)[3:]) == (None, ["mean:0", "variance:0"])


def test_a_variable_is_not_fed() -> None:
    """What is undecided is the mean."""
    lines = "noise = RandomUniform(x)\ne = VariableV2(dtype=float, shape=[])\n"
    assert reasons(STORED + lines + NORMALIZED.replace("(x, mean)", "(x, noise)")) == [
        "the statistics come from RandomUniform noise, neither a moment of x nor stored"
    ]


UNSETTLED = {
    "a variable": "e = VariableV2(dtype=float, shape=[])\n",
    "fed, of some shape": "e = Placeholder(dtype=float, shape=[3])\n",
    "fed, of unknown shape": "e = Placeholder(dtype=float)\n",
    "computed": "a = Placeholder(dtype=float, shape=[])\ne = Neg(a)\n",
    "one of which is computed": PHASE + "a = Placeholder(dtype=float, shape=[])\nb = Neg(a)\n"
    "e = Select(phase, epsilon, b)\n",
}


@pytest.mark.parametrize("case", UNSETTLED)
def test_what_is_no_number_is_no_epsilon(case: str) -> None:
    found = report(STORED + UNSETTLED[case] + NORMALIZED)
    assert all(layer.epsilon is None for layer in found.layers)
    assert not any("epsilon" in said.reason for said in found.unrecognised)


SUM = "first = Add(variance, epsilon)\n"
EITHER = PHASE + "k = Switch(mean, phase)\nt = Switch(variance, phase)\n"
RADICANDS = {
    "a number added": (SUM + "y = Identity(first)\n", "variance", 1e-3, ("y", "first")),
    "two numbers added": (SUM + "y = Add(epsilon, first)\n", "first", 1e-3, ("first", "first")),
    "none added": ("y = Identity(variance)\n", "variance", None, ("y", "variance")),
    "one, in each branch": (
        EITHER + "a = Add(k, epsilon)\nb = Add(t:1, epsilon)\ny = Merge(a, b:0)\n",
        "y",
        1e-3,
        ("a", "mean"),
    ),
    "none, in any branch": (EITHER + "y = Merge(k, t:1)\n", "y", None, ("t", "variance")),
    "one, in one branch alone": (EITHER + "a = Add(k, epsilon)\ny = Merge(a, t:1)\n", "y", None, ("a", "a")),
}


@pytest.mark.parametrize("case", RADICANDS)
def test_what_a_root_is_taken_of(case: str) -> None:
    """The variance, epsilon, and what of one that is chosen is the variance itself."""
    lines, variance, epsilon, (chosen, beneath) = RADICANDS[case]
    written = graph(STORED + lines)
    found = radicand_of(written.node("y").output(), Conditions(written))
    assert found.variance.node.name == variance
    assert found.epsilon == (None if epsilon is None else pytest.approx(epsilon))
    assert found.beneath(written.node(chosen).output()).node.name == beneath
