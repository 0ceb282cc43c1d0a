"""Lines that tests of patterns share: an image, parameters, statistics, moments; and what a report says."""

from __future__ import annotations

from bninspect.batchnorm import BatchNorm, Report, inspect
from tests.support.text import graph

PARAMETERS = """
gamma = Const([1.5, 2.0, 0.5])
beta = Const([0.1, 0.2, 0.3])
mean = Const([0.5, -0.5, 0.25])
variance = Const([1.5, 2.5, 0.5])
epsilon = Const(0.001)
"""
IMAGE = "x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
PHASE = "phase = Placeholder(dtype=bool, shape=[])\n"
MOMENTS = """
axes = Const([0, 1, 2])
batch_mean = Mean(x, axes)
still = StopGradient(batch_mean)
difference = SquaredDifference(x, still)
batch_variance = Mean(difference, axes)
"""
STORED = IMAGE + PARAMETERS
BATCH = STORED + MOMENTS
EMPTY = "none = Const([])\n"
UNDECIDED = """
blend_axes = Const([0, 1, 2])
blend_mean = Mean(x, blend_axes)
blend_squares = SquaredDifference(x, blend_mean)
blend_batch = Mean(blend_squares, blend_axes)
blend_half = Const(0.5)
blend_new = Mul(blend_batch, blend_half)
blend_old = Mul(variance, blend_half)
blend_variance = Add(blend_new, blend_old)
blend_root = Rsqrt(blend_variance)
blend_centred = Sub(x, blend_mean)
undecided = Mul(blend_centred, blend_root)
"""
"""Half the batch's variance and half the stored one: what that is could not be decided."""


def report(text: str) -> Report:
    """What is found in these lines."""
    return inspect(graph(text))


def only_layer(text: str) -> BatchNorm:
    """The one layer in these lines, nothing else beside it."""
    found = report(text)
    assert (len(found.layers), found.lookalikes, found.unrecognised) == (1, (), ())
    return found.layers[0]


def names_of_parts(layer: BatchNorm) -> list[str | None]:
    """x, gamma, beta, moving mean and moving variance of the layer, by the names of their tensors."""
    parts = (layer.x, layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    return [part.name if part else None for part in parts]


def reasons(text: str) -> list[str]:
    """Why what stands in these lines is no layer: of lookalikes `kind: reason`, of the others the reason."""
    found = report(text)
    assert found.layers == ()
    looks = [f"{lookalike.kind}: {lookalike.reason}" for lookalike in found.lookalikes]
    return looks + [unrecognised.reason for unrecognised in found.unrecognised]


def said(text: str) -> tuple[str, str | None, bool | None, str | None]:
    """(mode, source, training_when, what feeding nothing serves) of the one layer in these lines."""
    layer = only_layer(text)
    switch = layer.switch
    if switch is None:
        return layer.mode.value, None, None, None
    source = switch.predicate.source
    served = switch.served_by_default
    return (
        layer.mode.value,
        source.name if source else None,
        switch.training_when,
        served.value if served else None,
    )


def fused_cond(predicate: str, name: str = "y", x: str = "x", *, true_is: str = "training") -> str:
    """A fused layer under Switch and Merge, as tf.layers of TensorFlow 1 writes it, on this predicate."""
    yes, no = (":1", "") if true_is == "training" else ("", ":1")
    text = """
N_none = Const([])
N_pred_id = Identity(PREDICATE)
N_x = Switch(X, N_pred_id)
N_gamma = Switch(gamma, N_pred_id)
N_beta = Switch(beta, N_pred_id)
N_mean = Switch(mean, N_pred_id)
N_variance = Switch(variance, N_pred_id)
N_train = FusedBatchNormV3(N_x<, N_gamma<, N_beta<, N_none, N_none)
N_infer = FusedBatchNormV3(N_x>, N_gamma>, N_beta>, N_mean>, N_variance>, is_training=false)
N = Merge(N_infer, N_train)
"""
    for mark, written in (
        ("N_", name + "_"),
        ("N =", name + " ="),
        ("PREDICATE", predicate),
        ("X,", x + ","),
    ):
        text = text.replace(mark, written)
    return text.replace("<", yes).replace(">", no)
