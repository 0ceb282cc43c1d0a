"""What the chain around one root is: which normalizations are its own, with which parameters."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.layer import Lookalike, Unrecognised
from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.recognition.algebra import Region
from bninspect.batchnorm.recognition.decomposed import Found, decomposed
from bninspect.batchnorm.site import Batch, Chosen, Site, Stored
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.parts import BATCH, PHASE, STORED
from tests.support.text import graph

ROOT = "shifted = AddV2(variance, epsilon)\nroot = Rsqrt(shifted)\n"
DISTRIBUTED = "a = Mul({x}, root)\nb = Mul(mean, root)\ny = Sub(a, b)\n"
CENTRED = "c = Sub({x}, mean)\ny = Mul(c, root)\n"
OTHER = "other = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"


def second(chain: str) -> str:
    """The same on another input, with a root of its own and other names."""
    lines = (ROOT + chain.format(x="other")).splitlines()
    written = "\n".join(lines) + "\n"
    for name in [line.split(" = ")[0] for line in lines]:
        written = written.replace(f"{name} =", f"{name}_2 =")
        for end in (",", ")"):
            written = written.replace(f" {name}{end}", f" {name}_2{end}")
            written = written.replace(f"({name}{end}", f"({name}_2{end}")
    return written


def found(text: str, root: str = "root") -> list[Found]:
    written = graph(text)
    return decomposed(written.node(root), written, Conditions(written))


def sites(text: str, root: str = "root") -> list[tuple[str | None, ...]]:
    """(output, x, mode, gamma, beta) of each site at a root, and nothing else there."""
    said = []
    for one in found(text, root):
        assert isinstance(one, Site)
        assert one.node is one.output.node
        parts = [None if part is None else part.node.name for part in (one.gamma, one.beta)]
        said.append((one.output.node.name, one.x.node.name, one.mode.value, *parts))
    return said


@pytest.mark.parametrize("first", [DISTRIBUTED, CENTRED], ids=["distributed", "centred"])
@pytest.mark.parametrize("other", [DISTRIBUTED, CENTRED], ids=["distributed", "centred"])
def test_each_root_has_its_own(first: str, other: str) -> None:
    """Of two towers with the same statistics, each of which takes the root for itself."""
    text = STORED + OTHER + ROOT + first.format(x="x") + second(other)
    assert sites(text) == [("y", "x", "inference", None, None)]
    assert sites(text, "root_2") == [("y_2", "other", "inference", None, None)]


def test_two_roots_that_make_one_normalization() -> None:
    twice = ROOT + "root_2 = Sqrt(shifted)\na = Mul(x, root)\nb = RealDiv(mean, root_2)\ny = Sub(a, b)\n"
    site = ("y", "x", "inference", None, None)
    assert (sites(STORED + twice), sites(STORED + twice, "root_2")) == ([site], [site])


WHOLE = ROOT + "a = Mul(image, root)\nb = Mul(mean, root)\ny = Sub(a, b)\n"
GREY = "grey = Const([1.0, 2.0, 3.0])\nimage = Sub(x, grey)\n"


def test_a_difference_that_is_a_part_of_a_larger_one_is_dropped() -> None:
    assert sites(STORED + GREY + WHOLE) == [("y", "image", "inference", None, None)]


def test_a_difference_that_is_no_part_of_it_stands_beside_it() -> None:
    beside = "d = Sub(other, grey)\nz = Mul(d, root)\n"
    assert sites(STORED + OTHER + GREY + WHOLE + beside) == [
        ("y", "image", "inference", None, None),
        ("z", "other", "inference", None, None),
    ]


def test_one_x_that_is_normalized_twice_is_what_tells_it_from_the_mean() -> None:
    twice = ROOT + CENTRED.format(x="x").replace("y =", "z =") + DISTRIBUTED.format(x="x")
    assert sites(STORED + twice) == [("y", "x", "inference", None, None)]


def test_the_nearest_of_several_is_the_normalization() -> None:
    more = "gamma_2 = Const([1.0, 2.0, 3.0])\ns = Mul(y, gamma)\nt = Mul(s, gamma_2)\nu = Relu(y)\n"
    assert sites(STORED + ROOT + CENTRED.format(x="x") + more) == [("y", "x", "inference", None, None)]


def test_what_flows_into_what() -> None:
    text = STORED + ROOT + DISTRIBUTED.format(x="x") + "z = Relu(y)\n"
    written = graph(text)
    region = Region({written.node("root"): 1}, written)
    nodes = [written.node(name) for name in ("root", "a", "b", "y")]
    assert [*region.nodes] == nodes
    root, a, b, y = nodes
    assert [region.feeds(*pair) for pair in ((root, y), (a, y), (a, a))] == [True] * 3
    assert [region.feeds(*pair) for pair in ((y, root), (y, a), (a, b))] == [False] * 3


TWO = "two = Const(2.0)\nhalf = Const([0.5])\ndata = Placeholder(dtype=float)\nkept = VariableV2(shape=[3])\n"
BEHIND = {
    "nothing": ("", ("y", None, None)),
    "gamma": ("z = Mul(y, gamma)\n", ("z", "gamma", None)),
    "gamma in front": ("z = Mul(gamma, y)\n", ("z", "gamma", None)),
    "beta": ("z = Add(y, beta)\n", ("z", None, "beta")),
    "beta in front": ("z = AddV2(beta, y)\n", ("z", None, "beta")),
    "a bias": ("z = BiasAdd(y, beta)\n", ("z", None, "beta")),
    "gamma and beta": ("s = Mul(y, gamma)\nz = Add(s, beta)\n", ("z", "gamma", "beta")),
    "gamma and beta, handed on and cast": (
        "i = Identity(y)\ns = Mul(i, gamma)\nj = Cast(s)\nz = Add(j, beta)\nk = Identity(z)\n",
        ("z", "gamma", "beta"),
    ),
    "a variable": ("z = Mul(y, kept)\n", ("z", "kept", None)),
    "gamma twice": ("s = Mul(y, gamma)\nz = Mul(s, kept)\n", ("s", "gamma", None)),
    "beta twice": ("s = Add(y, beta)\nz = Add(s, kept)\n", ("s", None, "beta")),
    "beta, then a scale": ("s = Add(y, beta)\nz = Mul(s, gamma)\n", ("s", None, "beta")),
    "taken off": ("z = Sub(y, beta)\n", ("y", None, None)),
    "divided": ("z = RealDiv(y, gamma)\n", ("y", None, None)),
    "a number": ("z = Mul(y, two)\n", ("y", None, None)),
    "a scale of data": ("z = Mul(y, data)\n", ("y", None, None)),
    "an offset of data": ("z = Add(y, data)\n", ("y", None, None)),
    "an activation": ("s = Relu(y)\nz = Add(s, beta)\n", ("y", None, None)),
    "several readers": ("z = Mul(y, gamma)\nr = Relu(y)\n", ("y", None, None)),
    "several readers of the scaled": (
        "s = Mul(y, gamma)\nz = Add(s, beta)\nr = Relu(s)\n",
        ("s", "gamma", None),
    ),
    "of three": ("z = AddN(y, beta, beta)\n", ("y", None, None)),
}


@pytest.mark.parametrize("half", ["", "half"], ids=["in the region", "behind a layout"])
@pytest.mark.parametrize("case", BEHIND)
def test_gamma_and_beta_behind_it(case: str, half: str) -> None:
    """As far as nothing else reads what they change; of a long way even where the region ends."""
    lines, (end, gamma, beta) = BEHIND[case]
    first = CENTRED.format(x="x")
    if half:
        first = first.replace("y =", "n7 =") + "n8 = Identity(n7)\ny = Identity(n8)\n"
        end = "n7" if end == "y" else end
    assert sites(STORED + TWO + ROOT + first + lines) == [(end, "x", "inference", gamma, beta)]


@pytest.mark.parametrize(("steps", "end"), [(5, "z"), (6, "n")])
def test_gamma_is_at_most_six_steps_behind_it(steps: int, end: str) -> None:
    chain = "i0 = Identity(n)\n" + "".join(f"i{step} = Identity(i{step - 1})\n" for step in range(1, steps))
    lines = CENTRED.format(x="x").replace("y =", "n =") + chain + f"z = Mul(i{steps - 1}, gamma)\n"
    gamma = "gamma" if end == "z" else None
    assert sites(STORED + ROOT + lines) == [(end, "x", "inference", gamma, None)]


INSIDE = {
    "the scale among numbers": ("m = Mul(root, two)\ns = Mul(m, gamma)\n", "gamma"),
    "the scale before a number": ("m = Mul(root, gamma)\ns = Mul(m, two)\n", "gamma"),
    "a number alone": ("s = Mul(root, two)\n", "two"),
    "one over the root": ("m = Sqrt(shifted)\none = Const(1.0)\ns = RealDiv(one, m)\n", None),
    "a vector of one": ("one = Const([1.0])\ns = Mul(root, one)\n", "one"),
    "data": ("s = Mul(root, data)\n", "data"),
    "two vectors": ("m = Mul(root, kept)\ns = Mul(m, gamma)\n", "kept"),
}


@pytest.mark.parametrize("case", INSIDE)
def test_the_scale_among_the_factors(case: str) -> None:
    lines, gamma = INSIDE[case]
    root = "m" if "Sqrt" in lines else "root"
    text = STORED + TWO + ROOT + lines + "c = Sub(x, mean)\nn = Mul(c, s)\ny = Relu(n)\n"
    assert sites(text, root) == [("n", "x", "inference", gamma, None)]


def test_a_scale_behind_that_is_one_over_the_root() -> None:
    """The 1 is no gamma: the one behind is."""
    lines = "one = Const(1.0)\nroot = Sqrt(shifted)\ns = RealDiv(one, root)\nc = Sub(x, mean)\n"
    lines += "n = Mul(c, s)\nz = Mul(n, gamma)\n"
    assert sites(STORED + ROOT.replace("root = Rsqrt(shifted)\n", "") + lines) == [
        ("z", "x", "inference", "gamma", None)
    ]


def test_the_whole_record_of_a_chain() -> None:
    text = (
        BATCH + PHASE + "m = Select(phase, batch_mean, mean)\nv = Select(phase, batch_variance, variance)\n"
    )
    text += ROOT.replace("(variance,", "(v,") + "c = Sub(x, m)\nn = Mul(c, root)\ny = Mul(n, gamma)\n"
    written = graph(text)
    (site,) = decomposed(written.node("root"), written, Conditions(written))
    assert isinstance(site, Site)
    assert (site.form, site.op, site.mode, site.folded, site.carried) == (
        Form.DECOMPOSED,
        "Rsqrt",
        Mode.SWITCHED,
        False,
        None,
    )
    tensors = (site.x, site.gamma, site.mean, site.variance, site.output)
    assert [tensor and tensor.name for tensor in tensors] == ["x:0", "gamma:0", "m:0", "v:0", "y:0"]
    assert (site.beta, site.data_format, site.kept_axes) == (None, "NHWC", ())
    assert site.epsilon == pytest.approx(1e-3)
    for one in (site.mean_origin, site.variance_origin):
        assert isinstance(one, Chosen)
        assert (type(one.if_true), type(one.if_false)) == (Batch, Stored)


def test_a_stored_x_is_an_image_with_stored_statistics_and_weights_with_moments_of_its_own() -> None:
    image = STORED.replace("Placeholder(dtype=float, ", "VariableV2(")
    assert sites(image + ROOT + CENTRED.format(x="x")) == [("y", "x", "inference", None, None)]
    own = BATCH.replace("Placeholder(dtype=float, ", "VariableV2(")
    moments = ROOT.replace("variance,", "batch_variance,") + CENTRED.format(x="x").replace(
        "mean", "batch_mean"
    )
    (lookalike,) = found(own + moments)
    assert isinstance(lookalike, Lookalike)
    assert (lookalike.node.name, lookalike.kind, lookalike.reason) == (
        "y",
        "other",
        "what it normalizes is stored: weights, and no batch",
    )


RANDOM = "noise = RandomUniform(x)\n"
UNDECIDED = {
    "a difference from noise": (CENTRED.replace("mean", "noise"), "y"),
    "products of noise": (DISTRIBUTED.replace("mean", "noise"), "y"),
}


@pytest.mark.parametrize("case", UNDECIDED)
def test_a_mean_that_is_none_is_said(case: str) -> None:
    lines, node = UNDECIDED[case]
    assert found(STORED + RANDOM + ROOT + lines.format(x="x")) == [
        Unrecognised(
            node=node, reason="the statistics come from RandomUniform noise, neither a moment of x nor stored"
        )
    ]


@pytest.mark.parametrize(
    ("chain", "is_said"), [(CENTRED, False), (DISTRIBUTED, True)], ids=["a difference", "products apart"]
)
def test_of_what_is_like_no_variance_only_products_apart_are_said(chain: str, is_said: bool) -> None:
    """A difference over the root of something may be anything."""
    lines = RANDOM + ROOT.replace("(variance,", "(noise,") + chain.format(x="x")
    assert (len(found(STORED + lines)) == 1) is is_said


def test_what_takes_no_root_is_nothing() -> None:
    assert found(STORED + ROOT, "shifted") == []
