"""What is made of the nodes of a graph: which are layers, in which groups, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bninspect.batchnorm import State, inspect
from bninspect.batchnorm.stored import NOT_IN_CHECKPOINT, UNREAD_VARIABLES
from bninspect.graph import flatten
from bninspect.graphdef.records import SignatureDef
from tests.support.parts import BATCH, EMPTY, IMAGE, PARAMETERS, PHASE, STORED, fused_cond, report
from tests.support.text import graph

ALONE = "bn = FusedBatchNormV3(x, gamma, beta, none, none)\n"
BY_MOMENTS = """
shifted = Add(bn:2, epsilon)
root = Rsqrt(shifted)
centred = Sub(x, bn:1)
y = Mul(centred, root)
"""
UNUSED = "its batch mean and variance are read, and nothing that normalizes with them is recognised"
MOMENTS = {
    "its mean is read by nothing that normalizes": ("y = Neg(bn:1)\n", [], [("bn", UNUSED)]),
    "a chain normalizes with its moments": (BY_MOMENTS, ["y"], []),
    "a choice has its moments": (
        PHASE + "m = Select(phase, bn:1, mean)\nv = Select(phase, bn:2, variance)\n"
        "y = FusedBatchNormV3(x, gamma, beta, m, v, is_training=false)\n",
        ["y"],
        [],
    ),
    "it is read, too": ("y = Add(bn, bn:1)\n", ["bn"], []),
    "it is waited for": ("y = Identity(x, ^bn)\n", ["bn"], []),
    "its mean is read beside the outputs": (
        "y = Identity(x, ^bn)\nmoved = AssignSub(mean, bn:1)\n",
        ["bn"],
        [],
    ),
}


@pytest.mark.parametrize("case", MOMENTS)
def test_a_fused_op_may_only_take_moments(case: str) -> None:
    lines, layers, unrecognised = MOMENTS[case]
    found = report(STORED + EMPTY + ALONE + lines)
    assert [layer.output.node.name for layer in found.layers] == layers
    assert [(one.node, one.reason) for one in found.unrecognised] == unrecognised


def test_an_output_that_is_a_fused_op_is_a_layer() -> None:
    found = inspect(graph(STORED + EMPTY + ALONE + "y = Neg(bn:1)\n"), outputs=("bn", "y"))
    assert [layer.output.node.name for layer in found.layers] == ["bn"]


KEPT = IMAGE + PARAMETERS.replace("mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(shape=[3])")
LAYER = "y = FusedBatchNormV3(x, gamma, beta, mean, {variance}, is_training=false)\n"


@pytest.mark.parametrize(
    ("variables", "text", "state", "reason"),
    [
        (None, KEPT + LAYER.format(variance="variance"), State.UNREAD, UNREAD_VARIABLES),
        ({}, KEPT + LAYER.format(variance="variance"), State.UNREAD, NOT_IN_CHECKPOINT),
        ({}, STORED + LAYER.format(variance="variance"), State.STORED, None),
        (
            {},
            STORED + "fed = Placeholder(dtype=float, shape=[3])\n" + LAYER.format(variance="fed"),
            State.UNREAD,
            "they are given by Placeholder fed when the model runs",
        ),
    ],
    ids=["no checkpoint", "not in the checkpoint", "constants", "fed"],
)
def test_why_statistics_were_not_read(
    variables: dict[str, object] | None, text: str, state: State, reason: str | None
) -> None:
    written = replace(graph(text).graphdef, variables=variables)  # type: ignore[arg-type]
    (layer,) = inspect(flatten(written)).layers
    assert (layer.statistics.state, layer.statistics.reason) == (state, reason)


def test_layers_stand_in_groups_by_what_decides_them() -> None:
    """One source, whichever way round; one computed predicate; one constant; none of a fixed mode."""
    predicates = "a = Placeholder(dtype=bool, shape=[])\nb = Placeholder(dtype=bool, shape=[])\n"
    predicates += "both = LogicalAnd(a, b)\nany = LogicalOr(a, b)\nyes = Const(true)\nno = Const(false)\n"
    predicates += "not_phase = LogicalNot(phase)\n"
    layers = fused_cond("phase", "l1") + fused_cond("both", "l2") + fused_cond("not_phase", "l3")
    layers += fused_cond("yes", "l4") + fused_cond("no", "l5") + fused_cond("both", "l6", true_is="inference")
    layers += fused_cond("yes", "l7") + fused_cond("a", "l8") + fused_cond("any", "l10")
    layers += "l9 = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    found = report(STORED + PHASE + predicates + layers)
    assert len(found.layers) == 10
    groups = [[layer.output.node.name for layer in group.layers] for group in found.switches]
    assert groups == [["l1", "l3"], ["l2", "l6"], ["l4", "l7"], ["l5"], ["l8"], ["l10"]]
    assert [group.predicate.constant for group in found.switches] == [None, None, True, False, None, None]
    assert all(group.switch is group.layers[0].switch for group in found.switches)


WEIGHTS = """
image = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
kernel = VariableV2(dtype=float, shape=[1, 1, 3, 3])
plain = Conv2D(image, kernel)
over = Const({axes})
batch_mean = Mean(plain, over)
squares = SquaredDifference(plain, batch_mean)
batch_variance = Mean(squares, over)
shifted = Add(batch_variance, epsilon)
root = Rsqrt(shifted)
scale = Mul(gamma, root)
scaled = Mul(kernel, scale)
conv = Conv2D(image, scaled)
moved = Mul({mean}, scale)
offset = Sub(beta, moved)
y = Add(conv, offset)
"""


def test_what_a_convolution_carries_is_a_layer_a_lookalike_or_undecided() -> None:
    layer = report(PARAMETERS + WEIGHTS.format(axes="[0, 1, 2]", mean="batch_mean"))
    assert [one.form.value for one in layer.layers] == ["folded"]
    assert (layer.lookalikes, layer.unrecognised) == ((), ())
    lookalike = report(PARAMETERS + WEIGHTS.format(axes="[1, 2]", mean="batch_mean"))
    assert [(one.node.name, one.kind) for one in lookalike.lookalikes] == [("y", "instance_norm")]
    assert (lookalike.layers, lookalike.unrecognised) == ((), ())
    undecided = report(PARAMETERS + WEIGHTS.format(axes="[0, 1, 2]", mean="mean"))
    assert [(one.node, one.reason) for one in undecided.unrecognised] == [
        ("y", "the mean is stored, the variance is of the batch")
    ]
    assert (undecided.layers, undecided.lookalikes) == ((), ())


LEFT = (
    PARAMETERS
    + EMPTY
    + WEIGHTS.format(axes="[0, 1, 2]", mean="batch_mean")
    + "bn = FusedBatchNormV3(plain, gamma, beta, none, none)\n"
)
SERVED = SignatureDef(key="serve", inputs={}, outputs={"a": "y:0", "b": "bn:0"})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["y"]),
        ({"outputs": ("y", "bn")}, ["bn", "y"]),
        ({"outputs": ("bn",)}, ["bn"]),
        ({"outputs": ("y",)}, ["y"]),
        ({"signature": "serve"}, ["bn", "y"]),
    ],
    ids=["nothing", "both", "it alone", "the other", "its signature"],
)
def test_what_folding_left_behind_is_a_layer_if_it_is_asked_for(
    asked: dict[str, Any], found: list[str]
) -> None:
    written = replace(graph(LEFT).graphdef, signatures=(SERVED,))
    said = inspect(flatten(written), **asked)
    assert sorted(layer.output.node.name for layer in said.layers) == found
    assert sorted(tensor.node.name for tensor in said.outputs) == found


def test_several_roots_that_lead_to_one_normalization_are_one_layer() -> None:
    text = BATCH + "shifted = Add(batch_variance, epsilon)\nr = Rsqrt(shifted)\nq = Rsqrt(shifted)\n"
    text += "a = Mul(x, r)\nb = Mul(batch_mean, q)\ny = Sub(a, b)\n"
    found = report(text)
    assert [layer.output.node.name for layer in found.layers] == ["y"]
    assert (found.lookalikes, found.unrecognised) == ((), ())


def test_a_chain_whose_end_never_runs_is_nothing_though_its_root_runs() -> None:
    """Behind two Switches on one predicate, by opposite ports."""
    text = BATCH + PHASE + "shifted = Add(batch_variance, epsilon)\nroot = Rsqrt(shifted)\n"
    text += "centred = Sub(x, batch_mean)\ninside = Switch(centred, phase)\nagain = Switch(inside:1, phase)\n"
    found = report(text + "bn = Mul(again, root)\ny = Merge(bn, x)\n")
    assert (found.layers, found.lookalikes, found.unrecognised, found.skipped) == ((), (), (), ())


def test_a_layer_in_a_branch_that_is_never_taken_is_left_out() -> None:
    text = STORED + "never = Const(false)\ninside = Switch(x, never)\nother = Relu(inside)\n"
    text += "bn = FusedBatchNormV3(inside:1, gamma, beta, mean, variance, is_training=false)\n"
    found = report(text + "y = Merge(other, bn)\n")
    assert (found.layers, found.unrecognised) == ((), ())
    assert [(one.what, one.reason) for one in found.skipped] == [
        ("batch-norm node in branches that never run (bn)", "never:0 is always false")
    ]


@pytest.mark.parametrize("read", ["bn", "bn:1"])
def test_what_tensorflow_makes_of_a_layer_while_it_runs_is_said(read: str) -> None:
    """Though its moments alone are read."""
    text = STORED + EMPTY + f"bn = _MklFusedBatchNormV3(x, gamma, beta, none, none)\ny = Neg({read})\n"
    (one,) = report(text).unrecognised
    assert one.node == "bn"
    assert one.remedy == "save the graph that was loaded, and not the one that ran"


def test_layers_of_one_scope_are_told_apart_and_others_keep_their_names() -> None:
    text = STORED + "".join(LAYER.replace("y =", f"{name} =") for name in ("a/bn/y", "b/bn/y", "a/bn/z"))
    found = report(text.format(variance="variance"))
    assert [layer.name for layer in found.layers] == ["a/bn/y", "b/bn", "a/bn/z"]


@pytest.mark.parametrize(
    ("more", "updates"),
    [
        ("", None),
        ("w = VariableV2(shape=[3])\nlearn = ApplyGradientDescent(w, epsilon, beta)\n", "none"),
        ("w = VarHandleOp(shape=[3])\nlearn = ResourceApplyAdam(w, epsilon, beta)\n", "none"),
        ("w = VariableV2(shape=[3])\nload = Assign(w, beta)\n", None),
    ],
    ids=["nothing learns", "an optimizer", "of resources", "a value is loaded"],
)
def test_a_graph_with_an_optimizer_is_a_training_graph(more: str, updates: str | None) -> None:
    (layer,) = report(STORED + LAYER.format(variance="variance") + "head = Relu(y)\n" + more).layers
    assert layer.updates == updates


def test_the_op_of_2015_and_a_lookalike() -> None:
    text = STORED + EMPTY + "old = BatchNormWithGlobalNormalization(x, mean, variance, beta, gamma)\n"
    text += "rows = Const([-1, 3])\nflat = Reshape(old, rows)\n"
    text += "squares = Mul(flat, flat)\naxis = Const([1])\n"
    text += "sum = Sum(squares, axis)\nroot = Rsqrt(sum)\ny = Mul(flat, root)\n"
    found = report(text)
    assert [layer.form.value for layer in found.layers] == ["global"]
    assert [(one.node.name, one.kind) for one in found.lookalikes] == [("root", "l2_normalize")]
