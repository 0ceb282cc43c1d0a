"""Roots that make no layer: which are like the root of a variance and said, and which are not."""

from __future__ import annotations

import pytest

from tests.support.parts import BATCH, PHASE, STORED, only_layer, report

CHOSEN = """
to_mean = Switch(batch_mean, phase)
kept_mean = Switch(mean, phase)
m = Merge(kept_mean, to_mean:1)
to_variance = Switch(batch_variance, phase)
kept_variance = Switch(variance, phase)
v = Merge(kept_variance, to_variance:1)
centred = Sub(x, m)
"""
SHIFTED = "shifted = Add({v}, epsilon)\n"
SPELLINGS = {
    "RealDiv": "root = Sqrt(shifted)\nn = RealDiv(centred, root)\n",
    "Div": "root = Sqrt(shifted)\nn = Div(centred, root)\n",
    "DivNoNan": "root = Sqrt(shifted)\nn = DivNoNan(centred, root)\n",
    "Xdivy": "root = Sqrt(shifted)\nn = Xdivy(centred, root)\n",
    "Reciprocal": "root = Sqrt(shifted)\nover = Reciprocal(root)\nn = Mul(centred, over)\n",
    "Inv": "root = Sqrt(shifted)\nover = Inv(root)\nn = Mul(centred, over)\n",
    "Rsqrt": "root = Rsqrt(shifted)\nn = Mul(centred, root)\n",
    "Pow 0.5": "half = Const(0.5)\nroot = Pow(shifted, half)\nn = RealDiv(centred, root)\n",
    "a power by its logarithm": "half = Const(-0.5)\nlog = Log(shifted)\nby = Mul(log, half)\n"
    "root = Exp(by)\n"
    "n = Mul(centred, root)\n",
    "Pow -0.5": "half = Const(-0.5)\nroot = Pow(shifted, half)\nn = Mul(centred, root)\n",
}
END = "scaled = Mul(n, gamma)\ny = Add(scaled, beta)\n"
CLIPS = {
    "Maximum": "least = Const(0.0001)\nv2 = Maximum(v, least)\n",
    "Relu": "v2 = Relu(v)\n",
    "clip_by_value": "least = Const(0.0001)\nmost = Const(10.0)\n"
    "low = Minimum(v, most)\nv2 = Maximum(low, least)\n",
    "unclipped": "v2 = Identity(v)\n",
}


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_chosen_and_clipped_variance_is_a_layer_in_every_spelling(spelling: str, clip: str) -> None:
    text = BATCH + PHASE + CHOSEN + CLIPS[clip] + SHIFTED.format(v="v2") + SPELLINGS[spelling] + END
    layer = only_layer(text)
    assert (layer.mode.value, layer.statistics.state.value) == ("switched", "stored")
    assert layer.moving_variance is not None
    assert layer.moving_variance.name == "variance:0"


BLENDS = {
    "blended": "half = Const(0.5)\na = Mul(batch_variance, half)\nb = Mul(variance, half)\nv2 = Add(a, b)\n",
    "masked": "mask = Placeholder(dtype=float)\nd = Mul(difference, mask)\ns = Sum(d, axes)\n"
    "k = Sum(mask, axes)\n"
    "v2 = RealDiv(s, k)\n",
}


@pytest.mark.parametrize("moments", BLENDS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_other_moments_are_said_in_every_spelling(spelling: str, moments: str) -> None:
    text = BATCH + "centred = Sub(x, batch_mean)\n" + BLENDS[moments] + SHIFTED.format(v="v2")
    half = SPELLINGS[spelling].replace("half", "exponent")
    found = report(text + half + END)
    assert (found.layers, found.lookalikes) == ((), ())
    assert len(found.unrecognised) == 1


CHANGED = {
    "epsilon behind": ("s = Sqrt(v)\nd = Add(s, epsilon)\nn = RealDiv(centred, d)\n", "epsilon is added to"),
    "clipped behind": (
        "s = Sqrt(v)\nd = Maximum(s, epsilon)\nn = RealDiv(centred, d)\n",
        "the root of the variance is clipped",
    ),
    "clipped behind by what is computed": (
        "s = Sqrt(v)\nleast = Mul(x, gamma)\nd = Maximum(s, least)\nn = RealDiv(centred, d)\n",
        "the root of the variance is clipped",
    ),
    "x over a clipped root (EvoNorm-B0)": (
        "e = Add(v, epsilon)\ns = Sqrt(e)\nleast = Mul(x, gamma)\nd = Maximum(least, s)\nn = RealDiv(x, d)\n",
        "1/sqrt(variance + epsilon) is taken, and no x - mean",
    ),
    "the reciprocal of a clipped root": (
        "s = Sqrt(v)\nd = Maximum(s, epsilon)\nr = Reciprocal(d)\nn = Mul(centred, r)\n",
        "the root of the variance is clipped",
    ),
    "a chosen root": (
        "a = Sqrt(batch_variance)\nt = Switch(a, phase)\nk = Switch(variance, phase)\nd = Merge(k, t:1)\n"
        "n = RealDiv(centred, d)\n",
        "a predicate chooses a root",
    ),
    "a chosen reciprocal root": (
        "a = Rsqrt(batch_variance)\nt = Switch(a, phase)\nk = Switch(variance, phase)\nd = Merge(k, t:1)\n"
        "n = Mul(centred, d)\n",
        "a predicate chooses a root",
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_changed_root_is_said(case: str) -> None:
    lines, reason = CHANGED[case]
    found = report(BATCH + PHASE + CHOSEN + lines + END)
    assert (found.layers, found.lookalikes) == ((), ())
    (said,) = found.unrecognised
    assert said.reason.startswith(reason)


def test_a_scale_chosen_by_a_predicate_is_said() -> None:
    """x * scale + offset, both computed in the branches: the roots are seen, the layer is not."""
    lines = """
t = Switch(batch_variance, phase)
a = Add(t:1, epsilon)
r = Sqrt(a)
g = RealDiv(gamma, r)
k = Switch(variance, phase)
b = Add(k, epsilon)
q = Sqrt(b)
h = RealDiv(gamma, q)
scale = Merge(h, g)
y = Mul(x, scale)
"""
    found = report(BATCH + PHASE + lines)
    assert found.layers == ()
    assert {each.node for each in found.unrecognised} == {"r", "q"}


SILENT = {
    "the root of an activation": "a = Relu(x)\ns = Add(a, epsilon)\nr = Rsqrt(s)\ny = Mul(x, r)\n",
    "a product with a standard deviation": "s = Add(variance, epsilon)\nr = Sqrt(s)\ny = Mul(x, r)\n",
    "a step of Adam": "r = Sqrt(variance)\ns = Add(r, epsilon)\nstep = RealDiv(mean, s)\n"
    "w = Sub(beta, step)\n"
    "y = Mul(x, w)\n",
    "a direction": "o = Const([1.0, 2.0, 3.0])\nc = Sub(x, o)\nd = Square(c)\naxis = Const([-1])\n"
    "s = Sum(d, axis)\nt = Add(s, epsilon)\nr = Sqrt(t)\ny = RealDiv(c, r)\n",
    "a divisive normalization": "s = Square(x)\nw = VariableV2(shape=[1, 1, 3, 3])\nc = Conv2D(s, w)\n"
    "a = Add(c, beta)\nr = Sqrt(a)\ny = RealDiv(x, r)\n",
    "a step by the root alone": "r = Sqrt(variance)\nstep = RealDiv(mean, r)\nw = Sub(beta, step)\n"
    "y = Mul(x, w)\n",
    "attention": "d = Const(64.0)\nr = Sqrt(d)\ny = RealDiv(x, r)\n",
    "a distance": "o = Const([1.0, 2.0, 3.0])\nd = SquaredDifference(x, o)\naxis = Const([-1])\n"
    "s = Sum(d, axis)\n"
    "r = Sqrt(s)\ny = Mul(x, r)\n",
}


@pytest.mark.parametrize("case", SILENT)
def test_other_roots_are_not(case: str) -> None:
    found = report(STORED + SILENT[case])
    assert (found.layers, found.lookalikes, found.unrecognised) == ((), (), ())


def test_a_length_is_a_lookalike_however_it_divides() -> None:
    lines = "d = Square(x)\naxis = Const([-1])\ns = Sum(d, axis)\nr = Sqrt(s)\ny = RealDiv(x, r)\n"
    found = report(STORED + lines)
    assert [each.kind for each in found.lookalikes] == ["l2_normalize"]
    assert (found.layers, found.unrecognised) == ((), ())


PER_IMAGE = """
axes = Const([1, 2])
m = Mean(x, axes)
d = SquaredDifference(x, m)
v = Mean(d, axes)
r = Sqrt(v)
s = {change}(r, epsilon)
c = Sub(x, m)
y = RealDiv(c, s)
"""


@pytest.mark.parametrize("change", ["Add", "Maximum"])
def test_each_image_by_its_own_is_a_lookalike(change: str) -> None:
    found = report(STORED + PER_IMAGE.format(change=change))
    assert [each.kind for each in found.lookalikes] == ["instance_norm"]
    assert (found.layers, found.unrecognised) == ((), ())


@pytest.mark.parametrize("scaled", ["RealDiv(root, gamma)", "Mul(root, gamma)", "Mul(gamma, root)"])
def test_a_root_that_is_scaled_before_it_divides_is_said(scaled: str) -> None:
    lines = f"root = Sqrt(shifted)\nby = {scaled}\nn = RealDiv(centred, by)\ny = Add(n, beta)\n"
    found = report(BATCH + PHASE + CHOSEN + SHIFTED.format(v="v") + lines)
    assert [one.reason for one in found.unrecognised] == [
        "the root of the variance is scaled by a parameter before x - mean is divided by it"
    ]


SAID = {
    "a stored variance with epsilon": "s = Add(variance, epsilon)\nr = Sqrt(s)\ny = RealDiv(x, r)\n",
    "the variance of the batch": "r = Sqrt(batch_variance)\ny = RealDiv(x, r)\n",
    "the variance of the batch, clipped behind": "s = Sqrt(batch_variance)\nr = Add(s, epsilon)\n"
    "y = RealDiv(x, r)\n",
}


@pytest.mark.parametrize("case", SAID)
def test_a_variance_that_scales_no_difference_is_said(case: str) -> None:
    found = report(BATCH + SAID[case])
    assert (found.layers, found.lookalikes) == ((), ())
    assert [one.reason for one in found.unrecognised] == [
        "1/sqrt(variance + epsilon) is taken, and no x - mean is found that it scales"
    ]


MIXED = """
half = Const(0.5)
a = Mul(batch_mean, half)
b = Mul(mean, half)
mixed = Add(a, b)
centred = Sub(x, mixed)
s = Sqrt(batch_variance)
d = {change}
y = RealDiv(centred, d)
"""


@pytest.mark.parametrize("change", ["Add(s, epsilon)", "Maximum(s, epsilon)", "Mul(s, gamma)"])
def test_what_a_changed_root_scales_is_judged_first(change: str) -> None:
    (said,) = report(BATCH + MIXED.format(change=change)).unrecognised
    assert (said.node, said.reason) == (
        "y",
        "the statistics mix those of the batch with stored ones (mean:0)",
    )


ONWARD = {
    "a layout by the root": "r = Sqrt(shifted)\nto = Reshape(x, r)\ny = RealDiv(to, gamma)\n",
    "an activation of the root": "r = Sqrt(shifted)\nto = Relu(r)\ny = RealDiv(x, to)\n",
    "the root over another": "r = Sqrt(shifted)\nto = RealDiv(x, gamma)\ny = Add(r, to)\n",
}


@pytest.mark.parametrize("case", ONWARD)
def test_what_is_no_root_any_more_divides_nothing(case: str) -> None:
    found = report(BATCH + SHIFTED.format(v="batch_variance") + ONWARD[case])
    assert (found.layers, found.lookalikes, found.unrecognised) == ((), (), ())
