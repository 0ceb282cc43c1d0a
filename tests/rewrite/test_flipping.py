"""A layer that the file fixes to the other mode: flipped where it can be, else left with the reason."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode
from bninspect.graphdef import TensorValue
from bninspect.rewrite import specialize
from tests.support.parts import EMPTY, PHASE, STORED, fused_cond, report

TOP = "top = Identity(bn, T=float)\n"
TYPES = "T=float, U=float"
TRAINING = f"bn = FusedBatchNormV3(x, gamma, beta, none, none, {TYPES})\n" + TOP
INFERENCE = f"bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, {TYPES}MORE)\n" + TOP
ABSENT = "its stored statistics are not in the file"

KINDS = {
    "inference": (STORED + INFERENCE.replace("MORE", ""), ("flipped", None), ("kept", None)),
    "training": (STORED + EMPTY + TRAINING, ("kept", None), ("left", ABSENT)),
    "by a constant": (
        STORED + "yes = Const(true)\n" + fused_cond("yes", "bn") + TOP,
        ("branch", None),
        ("branch", None),
    ),
    "by what is fed": (STORED + PHASE + fused_cond("phase", "bn") + TOP, ("branch", None), ("branch", None)),
}
"""Kind -> (lines, what is done to bring training mode about, what for inference mode)."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_done_to_a_layer(kind: str) -> None:
    text, training, inference = KINDS[kind]
    found = report(text)
    for mode, expected in ((Mode.TRAINING, training), (Mode.INFERENCE, inference)):
        (change,) = specialize(found, mode).changes
        assert (change.what, change.reason) == expected
        assert (change.name, change.mode, change.layer) == ("bn", mode, found.layers[0])


@pytest.mark.parametrize(("more", "factor"), [("", None), (", exponential_avg_factor=0.5", 1.0)])
def test_a_fused_op_that_is_made_to_train(more: str, factor: float | None) -> None:
    """It takes no statistics, and hands on those of its batch alone."""
    found = report(STORED + INFERENCE.replace("MORE", more))
    special = specialize(found, Mode.TRAINING)
    nodes = {node.name: node for node in special.pruned((), found.outputs).graphdef.nodes}
    normal = nodes["bn"]
    assert normal.attr("is_training") is True
    assert normal.attr("exponential_avg_factor") == factor
    assert normal.inputs[:3] == ("x", "gamma", "beta")
    for name in normal.inputs[3:]:
        empty = nodes[name].attr("value")
        assert isinstance(empty, TensorValue)
        assert empty.shape == (0,)
    assert not {"mean", "variance"} & nodes.keys()


def test_a_fused_op_that_is_made_to_serve_reads_what_its_updates_move() -> None:
    moved = "".join(
        f"""
{part} = VariableV2(dtype=float, shape=[3])
rate_{part} = Const(0.1)
change_{part} = Sub({part}, bn:{port}, T=float)
step_{part} = Mul(change_{part}, rate_{part}, T=float)
update_{part} = AssignSub({part}, step_{part}, T=float)
"""
        for part, port in (("moving_mean", 1), ("moving_variance", 2))
    )
    found = report(STORED + EMPTY + TRAINING + moved)
    special = specialize(found, Mode.INFERENCE)
    (change,) = special.changes
    assert (change.what, change.reason) == ("flipped", None)
    nodes = {node.name: node for node in special.pruned((), found.outputs).graphdef.nodes}
    assert nodes["bn"].attr("is_training") is False
    assert nodes["bn"].inputs == ("x", "gamma", "beta", "moving_mean", "moving_variance")


def test_another_mode_for_each_layer() -> None:
    text = STORED + PHASE + fused_cond("phase", "a") + fused_cond("phase", "bn", "a") + TOP
    found = report(text)
    special = specialize(found, lambda layer: Mode.TRAINING if layer.name == "a" else Mode.INFERENCE)
    assert [(change.name, change.mode) for change in special.changes] == [
        ("a", Mode.TRAINING),
        ("bn", Mode.INFERENCE),
    ]
    nodes = {node.name: node.inputs for node in special.pruned((), found.outputs).graphdef.nodes}
    assert nodes["bn_infer"] == ("a_train", "gamma", "beta", "mean", "variance")
    assert not {"a_infer", "bn_train", "phase"} & nodes.keys()
