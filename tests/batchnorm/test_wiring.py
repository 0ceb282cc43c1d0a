"""Which two normalizations are one layer's two modes: proven by ports and branches, whatever names say."""

from __future__ import annotations

import pytest

from tests.batchnorm.parts import BATCH, EMPTY, PHASE, STORED, fused_cond, only_layer, report, said

SWITCHED = STORED + PHASE
KERAS = """
train = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)
pred_id = Identity(phase)
handed = Switch(train, pred_id)
x_switch = Switch(x, pred_id)
gamma_switch = Switch(gamma, pred_id)
beta_switch = Switch(beta, pred_id)
mean_switch = Switch(mean, pred_id)
variance_switch = Switch(variance, pred_id)
infer = FusedBatchNormV3(x_switch, gamma_switch, beta_switch, mean_switch, variance_switch, is_training=false)
y = Merge(infer, handed:1)
"""


def test_switch_and_merge() -> None:
    layer = only_layer(SWITCHED + fused_cond("phase"))
    assert layer.training is not None
    assert layer.inference is not None
    assert (layer.training.node.name, layer.training.taken_when) == ("y_train", True)
    assert (layer.inference.node.name, layer.inference.taken_when) == ("y_infer", False)
    assert [merge.name for merge in layer.merges] == ["y"]
    assert (layer.x.name, layer.output.name) == ("x:0", "y:0")
    assert layer.switch is not None
    assert layer.switch.predicate.tensor.name == "y_pred_id:0"


def test_order_at_the_merge_proves_nothing() -> None:
    text = fused_cond("phase").replace("Merge(y_infer, y_train)", "Merge(y_train, y_infer)")
    assert said(SWITCHED + text) == ("switched", "phase:0", True, None)


def test_names_prove_nothing() -> None:
    text = fused_cond("phase", true_is="inference").replace("y_train", "t").replace("y_infer", "y_train")
    layer = only_layer(
        SWITCHED + text.replace("(t,", "(t,").replace("t = ", "y_infer = ").replace(", t)", ", y_infer)")
    )
    assert layer.training is not None
    assert layer.training.node.name == "y_infer"
    assert layer.switch is not None
    assert layer.switch.training_when is False


def test_training_op_outside_the_cond() -> None:
    """Keras 2.2: only its output goes through a Switch."""
    layer = only_layer(SWITCHED + EMPTY + KERAS)
    assert layer.training is not None
    assert layer.training.node.name == "train"
    assert said(SWITCHED + EMPTY + KERAS) == ("switched", "phase:0", True, None)


def test_both_ops_outside_the_cond() -> None:
    text = """
train = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
s = Switch(train, phase)
t = Switch(infer, phase)
y = Merge(t, s:1)
"""
    assert said(SWITCHED + EMPTY + text) == ("switched", "phase:0", True, None)


@pytest.mark.parametrize("op", ["Select", "SelectV2"])
@pytest.mark.parametrize("true_is", ["train", "infer"])
def test_select(op: str, true_is: str) -> None:
    """tf.where computes both and takes one."""
    other = "infer" if true_is == "train" else "train"
    text = f"""
train = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
y = {op}(phase, {true_is}, {other})
"""
    assert said(SWITCHED + EMPTY + text) == ("switched", "phase:0", true_is == "train", None)


def test_one_branch_without_a_switch_of_its_own() -> None:
    """The inference branch reads only what no Switch guards; the port of the other branch decides."""
    text = """
pred_id = Identity(phase)
s = Switch(x, pred_id)
train = FusedBatchNormV3(s:1, gamma, beta, none, none, is_training=true)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
y = Merge(infer, train)
"""
    assert said(SWITCHED + EMPTY + text) == ("switched", "phase:0", True, None)


def test_a_branch_guarded_by_a_control_edge() -> None:
    text = """
pred_id = Identity(phase)
guard = Switch(pred_id, pred_id)
switch_t = Identity(guard:1)
switch_f = Identity(guard)
train = FusedBatchNormV3(x, gamma, beta, none, none, ^switch_t, is_training=true)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, ^switch_f, is_training=false)
y = Merge(infer, train)
"""
    assert said(SWITCHED + EMPTY + text) == ("switched", "phase:0", True, None)


@pytest.mark.parametrize("mode", ["true", "false"])
def test_both_branches_of_one_mode(mode: str) -> None:
    """A cond that chooses something else: two calls of one fixed layer, not one switched layer."""
    text = (
        fused_cond("phase")
        .replace(", is_training=false", "")
        .replace("_none)", f"_none, is_training={mode})")
    )
    text = text.replace("y_variance)", f"y_variance, is_training={mode})")
    if mode == "false":
        text = text.replace("y_none, y_none", "mean, variance")
    found = report(SWITCHED + text)
    modes = {"true": "training", "false": "inference"}
    assert [layer.mode.value for layer in found.layers] == [modes[mode]] * 2
    assert found.switches == ()


def test_a_cond_between_two_different_layers() -> None:
    """Opposite modes, but neither one x nor one set of parameters: two layers, each of its own mode."""
    text = """
z = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
other_gamma = Const([3.0, 2.0, 1.0])
other_beta = Const([0.3, 0.2, 0.1])
train = FusedBatchNormV3(z, other_gamma, other_beta, none, none, is_training=true)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
s = Switch(train, phase)
t = Switch(infer, phase)
y = Merge(t, s:1)
"""
    found = report(SWITCHED + EMPTY + text)
    assert sorted(layer.mode.value for layer in found.layers) == ["inference", "training"]


def test_a_whole_net_in_each_branch() -> None:
    """Two layers, one Merge at the end: paired by their parameters."""
    text = """
gamma2 = Const([3.0, 2.0, 1.0])
beta2 = Const([0.3, 0.2, 0.1])
pred_id = Identity(phase)
s = Switch(x, pred_id)
train1 = FusedBatchNormV3(s:1, gamma, beta, none, none, is_training=true)
relu1 = Relu(train1)
train2 = FusedBatchNormV3(relu1, gamma2, beta2, none, none, is_training=true)
infer1 = FusedBatchNormV3(s, gamma, beta, mean, variance, is_training=false)
relu2 = Relu(infer1)
infer2 = FusedBatchNormV3(relu2, gamma2, beta2, mean, variance, is_training=false)
a = Relu(train2)
b = Relu(infer2)
y = Merge(b, a)
"""
    found = report(SWITCHED + EMPTY + text)
    pairs = [(layer.training, layer.inference) for layer in found.layers]
    assert [(a.node.name, b.node.name) for a, b in pairs if a and b] == [
        ("train1", "infer1"),
        ("train2", "infer2"),
    ]
    assert {layer.switch.training_when for layer in found.layers if layer.switch} == {True}


def test_siamese() -> None:
    """One layer called twice is one entry per call, with one set of statistics."""
    text = (
        fused_cond("phase")
        + "x2 = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
        + fused_cond("phase", "z", "x2")
    )
    found = report(SWITCHED + text)
    assert [(layer.x.name, layer.output.name) for layer in found.layers] == [("x:0", "y:0"), ("x2:0", "z:0")]
    assert {layer.moving_mean.name for layer in found.layers if layer.moving_mean} == {"mean:0"}


def test_nested_conds() -> None:
    """A layer's cond inside another cond on another predicate: the inner one decides."""
    outer = "outer = Placeholder(dtype=bool)\nguard = Switch(x, outer)\nrest = Relu(guard)\n"
    text = fused_cond("phase", x="guard:1") + "all = Merge(rest, y)\n"
    assert said(SWITCHED + outer + text) == ("switched", "phase:0", True, None)


def test_nested_conds_on_one_predicate() -> None:
    outer = "guard = Switch(x, phase)\nrest = Relu(guard)\n"
    found = report(SWITCHED + outer + fused_cond("phase", x="guard:1") + "all = Merge(rest, y)\n")
    assert len(found.layers) == 1


def test_decoys_on_the_same_predicate() -> None:
    """Dropout, and a momentum that a cond chooses."""
    decoys = """
dropout = Switch(y, phase)
kept = Mul(dropout:1, dropout:1)
z = Merge(dropout, kept)
momentum = Const(0.9)
one = Const(1.0)
a = Switch(momentum, phase)
b = Switch(one, phase)
chosen = Merge(b, a:1)
"""
    layer = only_layer(SWITCHED + fused_cond("phase") + decoys)
    assert [merge.name for merge in layer.merges] == ["y"]


LOOP = """
start = Enter(x, frame_name="loop")
gammas = Enter(gamma, frame_name="loop", is_constant=true)
betas = Enter(beta, frame_name="loop", is_constant=true)
means = Enter(mean, frame_name="loop", is_constant=true)
variances = Enter(variance, frame_name="loop", is_constant=true)
turns = Merge(start, next)
go = Const(true)
cond = LoopCond(go)
inside = Switch(turns, cond)
bn = FusedBatchNormV3(inside:1, gammas, betas, means, variances, is_training=false)
next = NextIteration(bn)
y = Exit(inside)
"""


def test_a_loop_is_no_conditional() -> None:
    layer = only_layer(STORED + LOOP)
    assert layer.mode.value == "inference"
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"
    assert layer.switch is None


def test_two_chains_in_a_cond() -> None:
    text = (
        BATCH
        + PHASE
        + """
pred_id = Identity(phase)
s = Switch(x, pred_id)
in_axes = Const([0, 1, 2])
m = Mean(s:1, in_axes)
d = SquaredDifference(s:1, m)
v = Mean(d, in_axes)
shifted = AddV2(v, epsilon)
root = Rsqrt(shifted)
centred = Sub(s:1, m)
n = Mul(centred, root)
g = Mul(n, gamma)
train = AddV2(g, beta)
shifted_1 = AddV2(variance, epsilon)
root_1 = Rsqrt(shifted_1)
centred_1 = Sub(s, mean)
n_1 = Mul(centred_1, root_1)
g_1 = Mul(n_1, gamma)
infer = AddV2(g_1, beta)
y = Merge(infer, train)
"""
    )
    layer = only_layer(text)
    assert said(text) == ("switched", "phase:0", True, None)
    assert layer.moving_mean is not None
    assert (layer.moving_mean.name, layer.x.name) == ("mean:0", "x:0")
    assert layer.training is not None
    assert layer.training.node.name == "train"


def test_a_cond_around_the_statistics() -> None:
    """tf.cond(phase, lambda: moments, lambda: averages): both Merges are one layer's."""
    text = (
        BATCH
        + PHASE
        + """
a = Switch(batch_mean, phase)
b = Switch(mean, phase)
m = Merge(b, a:1)
c = Switch(batch_variance, phase)
d = Switch(variance, phase)
v = Merge(d, c:1)
shifted = AddV2(v, epsilon)
root = Rsqrt(shifted)
inv = Mul(root, gamma)
p = Mul(x, inv)
q = Mul(m, inv)
r = Sub(beta, q)
y = Add(p, r)
"""
    )
    layer = only_layer(text)
    assert said(text) == ("switched", "phase:0", True, None)
    assert [merge.name for merge in layer.merges] == ["m", "v"]
    assert layer.training is not None
    assert layer.inference is not None
    assert (layer.training.node.name, layer.inference.node.name) == ("batch_mean", "mean")


def test_only_what_the_outputs_reach_is_a_layer() -> None:
    text = """
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
aside = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)
check = Const(true)
assert = Assert(check, aside)
"""
    found = report(STORED + EMPTY + text)
    assert [layer.output.name for layer in found.layers] == ["infer:0"]
    (skipped,) = found.skipped
    assert (skipped.count, "aside" in skipped.what) == (1, True)


def test_a_merge_beside_another_output() -> None:
    """Two heads, one of which ends in a layer: the Merge that nobody reads is an output, too."""
    found = report(SWITCHED + fused_cond("phase") + "head = Relu(x)\n")
    assert [output.name for output in found.outputs] == ["head:0", "y:0"]
    assert len(found.layers) == 1


def test_a_merge_that_is_left_over_is_no_output() -> None:
    """TensorFlow 2 chooses the batch mean by a Merge of its own, for the updates that freezing takes away."""
    text = fused_cond("phase") + "left_over = Merge(y_mean, y_train:1)\nhead = Relu(y)\n"
    found = report(SWITCHED + text)
    assert [output.name for output in found.outputs] == ["head:0"]
