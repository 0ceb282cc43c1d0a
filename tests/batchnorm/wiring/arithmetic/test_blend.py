"""A boolean as a number that weighs the two modes chooses between them; any other number does not."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.rewrite import specialize
from tests.support.parts import BATCH, EMPTY, PHASE, only_layer, reasons, report, said

SHARE = PHASE + "t = Cast(phase, SrcT=bool, DstT=float)\none = Const(1.0)\nrest = Sub(one, t)\n"
OUTPUTS = (
    BATCH
    + EMPTY
    + "a = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)\n"
    + "b = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
)
SPELLINGS = {
    "t*a + (1-t)*b": "p = Mul(t, a)\nq = Mul(rest, b)\ny = AddV2(p, q)\n",
    "b*(1-t) + a*t": "p = Mul(a, t)\nq = Mul(b, rest)\ny = Add(q, p)\n",
    "AddN": "p = Mul(t, a)\nq = Mul(rest, b)\ny = AddN(p, q)\n",
    "b + t*(a-b)": "d = Sub(a, b)\np = Mul(t, d)\ny = AddV2(b, p)\n",
    "a - (1-t)*(a-b)": "d = Sub(a, b)\np = Mul(d, rest)\ny = Sub(a, p)\n",
    "b + t*a - t*b": "p = Mul(t, a)\nq = Mul(t, b)\nr = AddV2(b, p)\ny = Sub(r, q)\n",
    "the boolean for each image": "axes_ = Const([1, 1, 1, 1])\nu = Reshape(t, axes_)\nv = Sub(one, u)\n"
    "p = Mul(u, a)\nq = Mul(v, b)\ny = AddV2(p, q)\n",
    "two casts": "not = LogicalNot(phase)\ns = Cast(not, SrcT=bool, DstT=float)\np = Mul(t, a)\n"
    "q = Mul(s, b)\ny = AddV2(p, q)\n",
    "through a whole number": "i = Cast(phase, SrcT=bool, DstT=int32)\nf = Cast(i, SrcT=int32, DstT=float)\n"
    "g = Sub(one, f)\np = Mul(f, a)\nq = Mul(g, b)\ny = AddV2(p, q)\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_outputs(spelling: str) -> None:
    text = OUTPUTS + SHARE + SPELLINGS[spelling]
    assert said(text) == ("switched", "phase:0", True, None)
    layer = only_layer(text)
    assert (layer.output.name, [node.name for node in layer.merges]) == ("y:0", ["y"])


def test_the_other_way_round() -> None:
    text = OUTPUTS + SHARE + "p = Mul(t, b)\nq = Mul(rest, a)\ny = AddV2(p, q)\n"
    assert said(text) == ("switched", "phase:0", False, None)


def statistics(share: str) -> str:
    """A chain whose statistics are blended by this number."""
    blends = "".join(
        f"{name}_p = Mul({share}, batch_{name})\n{name}_q = Mul(rest, {name})\n"
        f"{name}_used = AddV2({name}_p, {name}_q)\n"
        for name in ("mean", "variance")
    )
    return blends + (
        "shifted = AddV2(variance_used, epsilon)\nroot = Rsqrt(shifted)\nscale = Mul(root, gamma)\n"
        "scaled = Mul(x, scale)\nmoved = Mul(mean_used, scale)\noffset = Sub(beta, moved)\n"
        "y = AddV2(scaled, offset)\n"
    )


def test_statistics() -> None:
    text = BATCH + SHARE + statistics("t")
    assert said(text) == ("switched", "phase:0", True, None)
    layer = only_layer(text)
    assert [node.name for node in layer.merges] == ["mean_used", "variance_used"]
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_specialized_nothing_reads_the_boolean(mode: Mode) -> None:
    for text in (BATCH + SHARE + statistics("t"), OUTPUTS + SHARE + SPELLINGS["b + t*(a-b)"]):
        found = report(text)
        pruned = specialize(found, mode).pruned([found.graph.node("y").output()])
        kept = {node.name for node in pruned.kept}
        assert not kept & {"phase", "t", "rest"}
        assert ("mean" in kept, "x" in kept) == (mode is Mode.INFERENCE, True)


FED = "t = Placeholder(dtype=float, shape=[])\none = Const(1.0)\nrest = Sub(one, t)\n"


def test_a_number_that_is_fed_may_be_any() -> None:
    for spelling in ("t*a + (1-t)*b", "b + t*(a-b)"):
        assert reasons(OUTPUTS + FED + SPELLINGS[spelling]) == [
            "AddV2 y adds up training mode (a) and inference mode (b) of one x, weighted by numbers that are "
            "not known to be 0 or 1"
        ]
    (reason,) = reasons(BATCH + FED + statistics("t"))
    assert reason == "the statistics are computed from another tensor, t:0"


def test_weights_that_do_not_leave_one_mode() -> None:
    """Twice the one or the other, and both at once, are no choice."""
    for line in ("p = Mul(t, a)\nq = Mul(t, b)\ny = AddV2(p, q)\n", "p = Mul(t, a)\ny = AddV2(p, b)\n"):
        assert report(OUTPUTS + SHARE + line).layers == ()


def test_a_residual_sum_is_none() -> None:
    """A dropped path, `x + t * bn(x)`, weighs a layer and chooses no mode of it."""
    text = OUTPUTS.replace("b = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n", "")
    layer = only_layer(text + SHARE + "p = Mul(t, a)\ny = AddV2(x, p)\n")
    assert (layer.mode, layer.output.name) == (Mode.TRAINING, "a:0")


def test_two_modes_that_are_read_apart_are_two_layers() -> None:
    """What compares the modes is no layer of both."""
    found = report(OUTPUTS + "difference_of_modes = Sub(a, b)\nserved = Relu(b)\n")
    assert [layer.mode.value for layer in found.layers] == ["training", "inference"]
