"""The ways to write (x - mean) / sqrt(variance + epsilon) * gamma + beta, and what is none of them."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Form, Mode
from tests.support.parts import BATCH, STORED, names_of_parts, only_layer, reasons, report

ROOT = "shifted = AddV2(variance, epsilon)\nroot = Rsqrt(shifted)\n"
SQRT = "shifted = Add(epsilon, variance)\nroot = Sqrt(shifted)\n"
CENTRED = "centred = Sub(x, mean)\n"

SPELLINGS = {
    "tf.nn.batch_normalization": ROOT
    + """
inv = Mul(root, gamma)
scaled = Mul(x, inv)
moved = Mul(mean, inv)
rest = Sub(beta, moved)
y = Add(scaled, rest)""",
    "operands the other way round": ROOT
    + """
inv = Mul(gamma, root)
scaled = Mul(inv, x)
moved = Mul(inv, mean)
rest = Sub(beta, moved)
y = AddV2(rest, scaled)""",
    "gamma on each product": ROOT
    + """
a = Mul(x, root)
b = Mul(a, gamma)
c = Mul(root, mean)
d = Mul(gamma, c)
e = Sub(b, d)
y = Add(beta, e)""",
    "scale, then shift": ROOT + CENTRED + "n = Mul(centred, root)\nm = Mul(n, gamma)\ny = Add(m, beta)",
    "scale by gamma first": ROOT + CENTRED + "n = Mul(gamma, centred)\nm = Mul(root, n)\ny = Add(beta, m)",
    "divided by the root": SQRT
    + CENTRED
    + "n = RealDiv(centred, root)\nm = Mul(gamma, n)\ny = AddV2(m, beta)",
    "old division": SQRT + CENTRED + "n = Div(centred, root)\nm = Mul(n, gamma)\ny = Add(m, beta)",
    "times the reciprocal": SQRT
    + CENTRED
    + "r = Reciprocal(root)\nn = Mul(centred, r)\nm = Mul(n, gamma)\ny = Add(m, beta)",
    "gamma over the root": SQRT + CENTRED + "r = RealDiv(gamma, root)\nn = Mul(centred, r)\ny = Add(n, beta)",
    "one over the root": SQRT
    + CENTRED
    + "one = Const(1.0)\nr = RealDiv(one, root)\nn = Mul(centred, r)\nm = Mul(n, gamma)\ny = Add(m, beta)",
    "power of a half": "shifted = Add(variance, epsilon)\nhalf = Const(0.5)\nroot = Pow(shifted, half)\n"
    + CENTRED
    + "n = RealDiv(centred, root)\nm = Mul(n, gamma)\ny = Add(m, beta)",
    "negative power": "shifted = Add(variance, epsilon)\nhalf = Const(-0.5)\nroot = Pow(shifted, half)\n"
    + CENTRED
    + "n = Mul(centred, root)\nm = Mul(n, gamma)\ny = Add(m, beta)",
    "plus the negative of mean": ROOT
    + "off = Neg(mean)\ncentred = Add(x, off)\nn = Mul(centred, root)\nm = Mul(n, gamma)\ny = Add(m, beta)",
    "the negative product": ROOT
    + "inv = Mul(root, gamma)\na = Mul(x, inv)\nb = Mul(mean, inv)\nc = Neg(b)\nd = Add(c, beta)\n"
    + "y = Add(a, d)",
    "AddN": ROOT
    + "inv = Mul(root, gamma)\na = Mul(x, inv)\nb = Mul(mean, inv)\nc = Neg(b)\ny = AddN(a, c, beta)",
    "BiasAdd": ROOT + CENTRED + "n = Mul(centred, root)\nm = Mul(n, gamma)\ny = BiasAdd(m, beta)",
    "reshaped for broadcasting": ROOT
    + """
to = Const([1, 1, 1, 3])
gammas = Reshape(gamma, to)
roots = Reshape(root, to)
means = Reshape(mean, to)
betas = Reshape(beta, to)
centred = Sub(x, means)
n = Mul(centred, roots)
m = Mul(n, gammas)
y = Add(m, betas)""",
    "through Identity and Cast": ROOT
    + """
half = Cast(root, SrcT=float, DstT=half)
again = Identity(half)
image = Identity(x)
centred = Sub(image, mean)
n = Mul(centred, again)
kept = Identity(n)
m = Mul(kept, gamma)
y = Add(m, beta)""",
}


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda name: name)
def test_matches(spelling: str) -> None:
    layer = only_layer(STORED + SPELLINGS[spelling])
    assert (layer.form, layer.mode) == (Form.DECOMPOSED, Mode.INFERENCE)
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", "mean:0", "variance:0"]
    assert layer.output.name == "y:0"
    assert layer.epsilon == pytest.approx(1e-3)
    assert layer.channels == 3


@pytest.mark.parametrize(
    ("lines", "gamma", "beta"),
    [
        ("a = Mul(x, root)\nb = Mul(mean, root)\nc = Sub(beta, b)\ny = Add(a, c)", None, "beta:0"),
        (
            "inv = Mul(root, gamma)\na = Mul(x, inv)\nb = Mul(mean, inv)\nc = Neg(b)\ny = Add(a, c)",
            "gamma:0",
            None,
        ),
        ("a = Mul(x, root)\nb = Mul(mean, root)\ny = Sub(a, b)", None, None),
        ("centred = Sub(x, mean)\ny = Mul(centred, root)", None, None),
        ("centred = Sub(x, mean)\nn = Mul(centred, root)\ny = Mul(n, gamma)", "gamma:0", None),
        ("centred = Sub(x, mean)\nn = Mul(centred, root)\ny = AddV2(n, beta)", None, "beta:0"),
    ],
    ids=["no gamma", "no beta", "neither", "neither, centred", "centred, no beta", "centred, no gamma"],
)
def test_absent_parameters(lines: str, gamma: str | None, beta: str | None) -> None:
    layer = only_layer(STORED + ROOT + lines)
    assert (layer.gamma.name if layer.gamma else None, layer.beta.name if layer.beta else None) == (
        gamma,
        beta,
    )
    assert layer.output.name == "y:0"


@pytest.mark.parametrize("root", ["Rsqrt", "Sqrt"])
def test_variance_without_epsilon(root: str) -> None:
    division = "Mul" if root == "Rsqrt" else "RealDiv"
    layer = only_layer(
        STORED + f"root = {root}(variance)\ncentred = Sub(x, mean)\ny = {division}(centred, root)"
    )
    assert layer.epsilon is None
    assert layer.moving_variance is not None


NO_LAYER = {
    "a root alone": "y = Rsqrt(x)",
    "a norm of two numbers": "a = Mul(x, x)\nb = Sqrt(a)\ny = RealDiv(x, b)",
    "an optimizer's step": "slot = VariableV2(dtype=float, shape=[3])\ngradient = Mul(gamma, gamma)\n"
    "r = Rsqrt(slot)\nstep = Mul(gradient, r)\ny = Add(x, step)",
    "attention scores": "d = Const(64.0)\nr = Sqrt(d)\nq = MatMul(x, x)\ny = RealDiv(q, r)",
    "a sum with the wrong sign": ROOT + "centred = Add(x, mean)\nn = Add(centred, root)\ny = Identity(n)",
}


@pytest.mark.parametrize("case", NO_LAYER, ids=lambda name: name)
def test_is_no_layer(case: str) -> None:
    assert report(STORED + NO_LAYER[case]).layers == ()


def test_a_root_that_scales_no_difference_is_said() -> None:
    (reason,) = reasons(STORED + ROOT + "a = Mul(x, root)\nb = Mul(mean, gamma)\ny = Sub(a, b)")
    assert reason == "1/sqrt(variance + epsilon) is taken, and no x - mean is found that it scales"


def test_x_may_itself_be_a_difference() -> None:
    """`image - 127` is a difference, too; the statistics belong to the outer one."""
    image = "grey = Const(127.0)\nimage = Sub(x, grey)\n"
    chain = "centred = Sub(image, mean)\nn = Mul(centred, root)\ny = Mul(n, gamma)"
    layer = only_layer(STORED + ROOT + image + chain)
    assert layer.x.name == "image:0"


def test_one_root_for_two_inputs_is_two_layers() -> None:
    """A siamese pair may compute gamma / sqrt(variance + epsilon) once."""
    found = report(
        STORED
        + ROOT
        + """
other = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
inv = Mul(root, gamma)
a = Mul(x, inv)
b = Mul(mean, inv)
c = Sub(beta, b)
y = Add(a, c)
d = Mul(other, inv)
z = Add(d, c)"""
    )
    assert [layer.x.name for layer in found.layers] == ["x:0", "other:0"]
    assert [layer.output.name for layer in found.layers] == ["y:0", "z:0"]


@pytest.mark.parametrize("total", ["AddV2(variance, epsilon)", "AddV2(epsilon, variance)"])
def test_one_channel(total: str) -> None:
    """A vector of one number is a parameter; a number without an axis is epsilon."""
    layer = only_layer(
        f"""
x = Placeholder(dtype=float, shape=[-1, 8, 8, 1])
gamma = Const([1.0])
beta = Const([0.0])
mean = Const([0.5])
variance = Const([0.001])
epsilon = Const(0.002)
shifted = {total}
root = Rsqrt(shifted)
centred = Sub(x, mean)
n = Mul(centred, root)
m = Mul(n, gamma)
y = Add(m, beta)"""
    )
    parts = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    assert [part.name if part else None for part in parts] == ["gamma:0", "beta:0", "mean:0", "variance:0"]
    assert layer.epsilon == pytest.approx(0.002)
    assert layer.channels == 1


OUTSIDE = """
root = Sqrt({variance})
deviation = AddV2(root, epsilon)
centred = Sub(x, {mean})
n = RealDiv(centred, deviation)
m = Mul(n, gamma)
y = Add(m, beta)
"""


@pytest.mark.parametrize("moments", [("mean", "variance"), ("batch_mean", "batch_variance")])
def test_epsilon_added_to_the_root_is_said(moments: tuple[str, str]) -> None:
    (reason,) = reasons(BATCH + OUTSIDE.format(mean=moments[0], variance=moments[1]))
    assert reason == "epsilon is added to the root of the variance, where batch norm adds it to the variance"


def test_epsilon_added_to_the_root_of_a_lookalike() -> None:
    text = BATCH.replace("Const([0, 1, 2])", "Const([3])")
    (reason,) = reasons(text + OUTSIDE.format(mean="batch_mean", variance="batch_variance"))
    assert reason.startswith("layer_norm: ")


def test_a_deviation_of_something_else_is_none_of_our_business() -> None:
    other = "other = Placeholder(dtype=float)\npositive = Relu(other)\n"
    assert reasons(STORED + other + OUTSIDE.format(mean="mean", variance="positive")) == []
