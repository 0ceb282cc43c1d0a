"""Batch renormalization fixed to training mode: r and d are told from gamma and beta, wherever they stand."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.mode import Mode
from tests.support.parts import BATCH, names_of_parts, only_layer, report

BESIDE = """
deviation = Const([1.2, 1.6, 0.7])
shifted = Add(batch_variance, epsilon)
of_batch = Sqrt(shifted)
quotient = RealDiv(of_batch, deviation)
less = Sub(batch_mean, mean)
distance = RealDiv(less, deviation)
low = Const(0.5)
high = Const(2.0)
"""
FREE = "r = StopGradient(quotient)\nd = StopGradient(distance)\n"
CLIPPED = (
    "r_low = Maximum(quotient, low)\nr = Minimum(r_low, high)\n"
    "d_low = Maximum(distance, low)\nd = Minimum(d_low, high)\n"
)
FOLDED = "scale = Mul(r, gamma)\nmoved = Mul(d, gamma)\noffset = Add(moved, beta)\n"
CHAIN = (
    "root = Rsqrt(shifted)\nby = Mul(root, {scale})\na = Mul(x, by)\nb = Mul(batch_mean, by)\n"
    "rest = Sub({offset}, b)\ny = Add(a, rest)\n"
)
BEHIND = (
    "centred = Sub(x, batch_mean)\nn = RealDiv(centred, of_batch)\nnr = Mul(n, r)\nnd = Add(nr, d)\n"
    "ng = Mul(nd, gamma)\ny = Add(ng, beta)\n"
)
READS = "batch renormalization reads deviation:0, mean:0 for r and d alone"
CANCEL = "; nothing clips these, so that they cancel the moments of the batch"
WRITTEN = {
    "folded into gamma and beta": (FREE + FOLDED + CHAIN.format(scale="scale", offset="offset"), CANCEL),
    "clipped": (CLIPPED + FOLDED + CHAIN.format(scale="scale", offset="offset"), ""),
    "behind, before gamma and beta": (CLIPPED + BEHIND, ""),
    "behind, unclipped": (FREE + BEHIND, CANCEL),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_gamma_and_beta_are_those_of_inference(case: str) -> None:
    lines, cancels = WRITTEN[case]
    layer = only_layer(BATCH + BESIDE + lines)
    assert layer.mode is Mode.TRAINING
    assert layer.output.name == "y:0"
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", None, None]
    assert layer.statistics.reason == READS + cancels
    assert layer.is_renormalized


def test_without_gamma_or_beta() -> None:
    layer = only_layer(BATCH + BESIDE + FREE + CHAIN.format(scale="r", offset="d"))
    assert names_of_parts(layer) == ["x:0", None, None, None, None]
    assert layer.is_renormalized


OF_MOVING = (
    BESIDE.replace("deviation = Const([1.2, 1.6, 0.7])", "stored = Add(variance, epsilon)")
    .replace("shifted =", "deviation = Sqrt(stored)\nshifted =", 1)
)  # fmt: skip


def test_made_of_the_moving_statistics_it_has_these() -> None:
    """And (batch mean - moving mean) / deviation, which reads like a batch norm, is none."""
    found = report(BATCH + OF_MOVING + CLIPPED + BEHIND)
    (layer,) = found.layers
    assert names_of_parts(layer) == ["x:0", "gamma:0", "beta:0", "mean:0", "variance:0"]
    assert [(one.node.name, one.reason) for one in found.lookalikes] == [
        ("distance", "what it normalizes is Mean batch_mean over the batch, and no batch")
    ]


def test_what_cannot_be_told_from_gamma_and_beta_is_said() -> None:
    """A difference may hold beta, and d."""
    lines = FREE + "scale = Mul(r, gamma)\noffset = Sub(beta, d)\n"
    found = report(BATCH + BESIDE + lines + CHAIN.format(scale="scale", offset="offset"))
    assert found.layers == ()
    assert [(one.node, one.reason) for one in found.unrecognised] == [
        ("y", "its gamma and beta are computed from the batch, and not as r and d are")
    ]


PLAIN = {
    "a gate of each image": (
        "near = Const([1, 2])\ngate = Mean(x, near, keep_dims=true)\ng = Mul(gate, gamma)\n"
    ),
    "a product of parameters": "g = Mul(beta, gamma)\n",
}


@pytest.mark.parametrize("case", PLAIN)
def test_a_computed_gamma_is_no_correction(case: str) -> None:
    chain = "shifted = Add(batch_variance, epsilon)\n" + CHAIN.format(scale="g", offset="beta")
    layer = only_layer(BATCH + PLAIN[case] + chain)
    assert layer.gamma is not None
    assert (layer.gamma.name, layer.is_renormalized) == ("g:0", False)


NO_MOMENTS = {
    "what is stored": "gain = Mean(beta, first, keep_dims=true)\n",
    "x itself": "less = Sub(x, batch_mean)\ngain = Mul(less, beta)\n",
}


@pytest.mark.parametrize("case", NO_MOMENTS)
def test_what_is_made_of_more_or_less_than_moments_is_no_correction(case: str) -> None:
    lines = "first = Const([0])\nshifted = Add(batch_variance, epsilon)\nof_batch = Sqrt(shifted)\n"
    ahead = "centred = Sub(x, batch_mean)\nn = RealDiv(centred, of_batch)\ny = Mul(n, gain)\n"
    layer = only_layer(BATCH + lines + NO_MOMENTS[case] + ahead)
    assert (layer.output.name, layer.is_renormalized) == ("n:0", False)


def test_a_mean_of_what_no_variance_is_taken_of_is_normalized() -> None:
    """What is first in it may count the points of a cloud, and the mean be all that is known of that."""
    lines = (
        "points = Placeholder(dtype=float, shape=[50, 3])\nfirst = Const([0])\n"
        "pooled = Mean(points, first, keep_dims=true)\nroom = Add(variance, epsilon)\nroot = Rsqrt(room)\n"
        "less = Sub(pooled, mean)\ny = Mul(less, root)\n"
    )
    assert only_layer(BATCH + lines).mode is Mode.INFERENCE
