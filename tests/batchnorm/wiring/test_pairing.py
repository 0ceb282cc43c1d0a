"""Which two normalizations are one layer's two modes: proven by ports and branches, whatever names say."""

from __future__ import annotations

import pytest

from tests.support.parts import BATCH, EMPTY, PHASE, STORED, fused_cond, only_layer, report, said

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


TRAIN = "train = FusedBatchNormV3(x, gamma, beta, none, none)\n"
INFER = "infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
FOLDED = "by = Const([0.5, 0.25, 0.125])\nscaled = Mul(x, by)\nfolded = Add(scaled, beta)\n"
BESIDE: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "training, where it is true": (TRAIN + "y = Select(phase, train, folded)", [("switched", "y")]),
    "training, where it is false": (TRAIN + "y = Select(phase, folded, train)", [("switched", "y")]),
    "inference": (INFER + "y = Select(phase, infer, folded)", [("inference", "infer")]),
    "what more is made of training": (
        TRAIN + "twice = AddN(train, train)\nw = Cast(phase, SrcT=bool)\ny = Select(phase, folded, twice)",
        [("training", "train")],
    ),
    "training, where nothing is chosen": (TRAIN + "y = Merge(train, folded)", [("training", "train")]),
}


@pytest.mark.parametrize("case", BESIDE)
def test_beside_what_a_layer_was_folded_into(case: str) -> None:
    lines, expected = BESIDE[case]
    found = report(SWITCHED + EMPTY + FOLDED + lines)
    assert [(layer.mode.value, layer.output.node.name) for layer in found.layers] == expected


def test_two_layers_in_nested_conditionals_are_two() -> None:
    """Training mode of one x, and inference mode of another with parameters of its own."""
    text = """
z = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
other = Placeholder(dtype=bool, shape=[])
other_gamma = Const([3.0, 2.0, 1.0])
train = FusedBatchNormV3(z, other_gamma, beta, none, none)
infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
inner = Select(other, train, infer)
y = Select(phase, inner, infer)
"""
    found = report(SWITCHED + EMPTY + text)
    assert sorted(layer.mode.value for layer in found.layers) == ["inference", "training"]
    assert found.unrecognised == ()
