"""Several layers, conditionals and loops in one graph: what belongs together, what is a decoy."""

from __future__ import annotations

from tests.support.parts import EMPTY, PHASE, STORED, fused_cond, only_layer, report, said

SWITCHED = STORED + PHASE


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


def test_layers_stand_in_the_order_of_the_flow() -> None:
    """A layer of one mode before a switched one, and one behind it: neither kind comes first by itself."""
    fixed = "{name} = FusedBatchNormV3({x}, gamma, beta, mean, variance, is_training=false)\n"
    first, last = fixed.format(name="first", x="x"), fixed.format(name="last", x="y")
    found = report(SWITCHED + last + fused_cond("phase", x="first") + first)
    assert [layer.output.name for layer in found.layers] == ["first:0", "y:0", "last:0"]


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


def test_what_a_loop_leaves_in_its_body_is_no_output() -> None:
    """Its update was frozen away: nobody reads it, and nobody can, since it has a value in every turn."""
    left = "moved = Mul(bn, bn)\n"
    assert [tensor.name for tensor in report(STORED + LOOP + left).outputs] == ["y:0"]
    endless = LOOP.replace("y = Exit(inside)\n", "")
    assert [tensor.name for tensor in report(STORED + endless + left).outputs] == ["moved:0"]


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


def test_a_layer_whose_statistics_alone_are_read_is_an_output() -> None:
    """The graph ends in it; what reads its mean are the updates."""
    text = """
y = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)
kept = VariableV2()
moved = AssignSub(kept, y:1)
"""
    found = report(STORED + EMPTY + text)
    assert [output.name for output in found.outputs] == ["y:0"]
    assert len(found.layers) == 1


def test_what_updates_and_savers_give_is_no_output() -> None:
    text = """
kept = VariableV2()
root = Sqrt(y_mean)
moved = Assign(kept, root)
s = Switch(kept, phase)
renormed = Merge(s, moved)
file = Const([1.0])
files = ShardedFilespec(file, file)
head = Relu(y)
"""
    found = report(SWITCHED + fused_cond("phase") + text)
    assert [output.name for output in found.outputs] == ["head:0"]


def test_the_end_of_a_function_that_was_written_out_is_an_output() -> None:
    """It waits for all of the function, as an element of a tuple does; those are none beside an output."""
    text = """
all = NoOp(^y)
end = Identity(y, ^all)
"""
    found = report(SWITCHED + fused_cond("phase") + text)
    assert [output.name for output in found.outputs] == ["end:0"]
    found = report(SWITCHED + fused_cond("phase") + text + "head = Relu(y)\n")
    assert [output.name for output in found.outputs] == ["head:0"]
