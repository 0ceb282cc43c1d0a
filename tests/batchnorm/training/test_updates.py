"""The training side of a layer where no fixture holds it: tf.layers of TensorFlow 1.7, updates by hand."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import BatchNorm
from bninspect.render.graph.numbers import numbers
from tests.support.parts import IMAGE, MOMENTS, PARAMETERS, PHASE, only_layer, report

STORED = (
    (IMAGE + PHASE + PARAMETERS)
    .replace("mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(dtype=float, shape=[3])")
    .replace("variance = Const([1.5, 2.5, 0.5])", "variance = VariableV2(dtype=float, shape=[3])")
)
CHOSEN = """
c_mean_batch = Switch(batch_mean, phase)
c_mean_stored = Switch(mean, phase)
c_mean = Merge(c_mean_stored, c_mean_batch:1)
c_variance_batch = Switch(batch_variance, phase)
c_variance_stored = Switch(variance, phase)
c_variance = Merge(c_variance_stored, c_variance_batch:1)
widened = Add(c_variance, epsilon)
root = Rsqrt(widened)
scale = Mul(root, gamma)
scaled = Mul(x, scale)
shift = Mul(c_mean, scale)
offset = Sub(beta, shift)
y = Add(scaled, offset)
"""
UPDATES_INSIDE = """
u_old = Switch(mean, phase)
u_new = Switch(c_mean, phase)
u_gap = Sub(u_old{port}, u_new{port})
u_rate = Const(0.01)
u_step = Mul(u_gap, u_rate)
u_variable = RefSwitch(mean, phase)
update = AssignSub(u_variable{port}, u_step)
"""
UPDATES_BY_RATE = """
r_on = Const({learning})
r_off = Const({idle})
r = Merge(r_off, r_on)
gap = Sub(mean, c_mean)
step = Mul(gap, {rate})
update = AssignSub(mean, step)
"""
TRAIN = """
gradient = Mul(beta, beta)
learn = ApplyGradientDescent(beta, epsilon, gradient{control})
"""


def layer_with(updates: str, *, run: bool = True) -> BatchNorm:
    train = TRAIN.format(control=", ^update" if run else "")
    return only_layer(STORED + MOMENTS + CHOSEN + updates + train + "head = Relu(y)\n")


@pytest.mark.parametrize("port", ["", ":1"])
@pytest.mark.parametrize("run", [True, False])
def test_updates_inside_a_conditional_of_their_own(port: str, run: bool) -> None:
    """The batch mean goes through a Switch once more, and leaves it by either port."""
    layer = layer_with(UPDATES_INSIDE.format(port=port), run=run)
    assert layer.updates == ("run" if run else "unused")
    assert layer.momentum == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("learning", "idle", "rate"), [(0.25, 0.0, "r"), (0.75, 1.0, "rest"), (0.0, 1.0, "rest")]
)
def test_a_conditional_momentum(learning: float, idle: float, rate: str) -> None:
    """A rate of 0 or a momentum of 1 where nothing is learned."""
    text = UPDATES_BY_RATE.format(learning=learning, idle=idle, rate=rate)
    if rate == "rest":
        text = text.replace("gap =", "one = Const(1.0)\nrest = Sub(one, r)\ngap =")
    expected = 1.0 - learning if rate == "r" else learning
    assert layer_with(text).momentum == pytest.approx(expected)


def test_no_momentum_of_two_rates() -> None:
    """Both branches learn, each its way."""
    assert layer_with(UPDATES_BY_RATE.format(learning=0.25, idle=0.5, rate="r")).momentum is None


MEAN_STEP = """
rate = Const(0.1)
mean_gap = Sub(mean, c_mean)
mean_step = Mul(mean_gap, rate)
mean_update = AssignSub(mean, mean_step)
"""
VARIANCE_STEP = MEAN_STEP.replace("mean", "variance").replace("rate = Const(0.1)\n", "")
BOTH = TRAIN.format(control=", ^mean_update, ^variance_update")


def test_both_statistics_have_to_be_updated() -> None:
    """`tf.get_collection(UPDATE_OPS)[0]`: the mean moves, the variance stays."""
    text = STORED + MOMENTS + CHOSEN + MEAN_STEP + VARIANCE_STEP + "head = Relu(y)\n"
    half = only_layer(text + TRAIN.format(control=", ^mean_update"))
    assert half.updates == "unused"
    assert [node.name for node in half.update_ops] == ["mean_update", "variance_update"]
    assert only_layer(text + BOTH).updates == "run"


def test_an_update_by_other_arithmetic() -> None:
    """Kept above a floor; what the momentum is cannot be told."""
    updates = """
    first = Const([0.0, 0.0, 0.0])
    initial = Assign(mean, first)
    floor = Const(0.01)
    kept = Maximum(c_mean, floor)
    update = Assign(mean, kept)
    """
    layer = layer_with(updates.replace("    ", ""))
    assert (layer.updates, layer.momentum) == ("run", None)
    assert [node.name for node in layer.update_ops] == ["update"]


def test_an_initializer_and_a_restore_are_no_updates() -> None:
    updates = """
    first = Const([0.0, 0.0, 0.0])
    initial = Assign(mean, first)
    names = Const(1)
    saved = RestoreV2(names, names, names)
    update = Assign(mean, saved)
    """
    layer = layer_with(updates.replace("    ", ""))
    assert (layer.updates, layer.update_ops) == ("none", ())


def test_what_another_call_updates() -> None:
    """One layer called twice: for training, and for evaluation with the same statistics."""
    calls = """
    none = Const([])
    t = FusedBatchNorm(x, gamma, beta, none, none)
    e = FusedBatchNorm(x, gamma, beta, mean, variance, is_training=false)
    rate = Const(0.1)
    mean_gap = Sub(mean, t:1)
    mean_step = Mul(mean_gap, rate)
    mean_update = AssignSub(mean, mean_step)
    variance_gap = Sub(variance, t:2)
    variance_step = Mul(variance_gap, rate)
    variance_update = AssignSub(variance, variance_step)
    first = Relu(t)
    second = Relu(e)
    """
    layers = report(STORED + calls.replace("    ", "") + BOTH).layers
    assert [(layer.mode.value, layer.updates) for layer in layers] == [
        ("training", "run"),
        ("inference", "run"),
    ]


TOWER = """
t{n} = FusedBatchNorm(x, gamma, beta, none, none)
mean_gap{n} = Sub(mean, t{n}:1)
mean_step{n} = Mul(mean_gap{n}, rate)
mean_update{n} = AssignSub(mean, mean_step{n})
variance_gap{n} = Sub(variance, t{n}:2)
variance_step{n} = Mul(variance_gap{n}, rate)
variance_update{n} = AssignSub(variance, variance_step{n})
out{n} = Relu(t{n})
"""
SHARED = STORED + "none = Const([])\nrate = Const(0.1)\n" + TOWER.format(n=0) + TOWER.format(n=1)


@pytest.mark.parametrize(
    ("waits", "idle"),
    [
        (", ^mean_update1, ^variance_update1", {"mean_update0", "variance_update0"}),
        (", ^mean_update0, ^variance_update0, ^mean_update1, ^variance_update1", set()),
    ],
)
def test_towers_that_share_statistics_of_which_one_updates_them(waits: str, idle: set[str]) -> None:
    """As training on several GPUs goes where UPDATE_OPS are those of the last tower."""
    layers = report(SHARED + TRAIN.format(control=waits)).layers
    assert [layer.updates for layer in layers] == ["run", "run"]
    assert [layer.updated_by_others for layer in layers] == [bool(idle), False]
    assert {node.name for node in layers[0].idle_update_ops} == idle
    told = " ".join(line.text for line in numbers(layers[0]))
    assert ("; no train op runs mean_update0, variance_update0" in told) == bool(idle)


RESOURCES = (
    STORED.replace("VariableV2(dtype=float", "VarHandleOp(dtype=float")
    + """
old = ReadVariableOp(mean)
stored = ReadVariableOp(variance)
"""
)
DEBIASED = """
rate = Const(0.1)
biased = VarHandleOp(dtype=float, shape=[3])
biased_old = ReadVariableOp(biased)
biased_gap = Sub(biased_old, batch_mean)
biased_step = Mul(biased_gap, rate)
biased_update = AssignSubVariableOp(biased, biased_step)
biased_new = ReadVariableOp(biased, ^biased_update)
correction = Const(0.5)
unbiased = RealDiv(biased_new, correction)
step = Sub(old, unbiased)
update = AssignSubVariableOp(mean, step)
"""


def test_zero_debias_of_resource_variables() -> None:
    """What corrects the average reads it after its assignment, which only a control edge says."""
    chain = CHOSEN.replace("Switch(mean,", "Switch(old,").replace("Switch(variance,", "Switch(stored,")
    text = RESOURCES + MOMENTS + chain + DEBIASED + TRAIN.format(control=", ^update") + "head = Relu(y)\n"
    layer = only_layer(text)
    assert [node.name for node in layer.update_ops] == ["update"]
    assert layer.updates == "run"
    assert layer.momentum == pytest.approx(0.9)


ONLY_TRAINS = """
widened = Add(batch_variance, epsilon)
root = Rsqrt(widened)
scale = Mul(root, gamma)
scaled = Mul(x, scale)
shift = Mul(batch_mean, scale)
offset = Sub(beta, shift)
y = Add(scaled, offset)
head = Relu(y)
"""
OF_ROOTS = """
rate = Const(0.1)
mean_gap = Sub(mean, batch_mean)
mean_step = Mul(mean_gap, rate)
mean_update = AssignSub(mean, mean_step)
stddev = VariableV2(dtype=float, shape=[3])
deviation = Sqrt(widened)
slow = Const(0.01)
stddev_gap = Sub(stddev, deviation)
stddev_step = Mul(stddev_gap, slow)
stddev_update = AssignSub(stddev, stddev_step)
square = Mul(stddev_update, stddev_update)
less = Sub(square, epsilon)
positive = Relu(less)
variance_update = Assign(variance, positive)
"""
OF_PARTS = """
axis = Const([0])
rate = Const(0.1)
mean_of_parts = Mean(batch_mean, axis)
mean_gap = Sub(mean, mean_of_parts)
mean_step = Mul(mean_gap, rate)
mean_update = AssignSub(mean, mean_step)
variance_of_parts = Mean(batch_variance, axis)
variance_gap = Sub(variance, variance_of_parts)
variance_step = Mul(variance_gap, rate)
variance_update = AssignSub(variance, variance_step)
"""


@pytest.mark.parametrize("updates", [OF_ROOTS, OF_PARTS], ids=["batch renormalization", "virtual batches"])
@pytest.mark.parametrize("run", [True, False])
def test_updates_by_more_arithmetic_than_an_average(updates: str, run: bool) -> None:
    """A deviation is averaged, and squared; or the moments of parts of the batch are."""
    learn = BOTH if run else TRAIN.format(control="")
    layer = only_layer(STORED + MOMENTS + ONLY_TRAINS + updates + learn)
    assert layer.updates == ("run" if run else "unused")
    assert layer.moving_mean is not None
    assert layer.moving_variance is not None
    assert (layer.moving_mean.name, layer.moving_variance.name) == ("mean:0", "variance:0")
    assert layer.momentum == pytest.approx(0.9)


def test_an_average_of_the_loss_is_no_update() -> None:
    """It is made of the moments, too, as all is that stands behind them."""
    average = """
    loss = Mean(y, axes)
    smooth = VariableV2(dtype=float, shape=[])
    rate = Const(0.1)
    gap = Sub(smooth, loss)
    step = Mul(gap, rate)
    update = AssignSub(smooth, step)
    """
    layer = only_layer(
        STORED + MOMENTS + ONLY_TRAINS + average.replace("    ", "") + TRAIN.format(control="")
    )
    assert (layer.updates, layer.update_ops, layer.moving_mean) == ("none", (), None)


@pytest.mark.parametrize("add", ["Add", "AddV2"])
@pytest.mark.parametrize("order", ["kept, new", "new, kept"])
@pytest.mark.parametrize("kept", ["mean, keep", "keep, mean"])
def test_the_momentum_of_a_weighted_sum(add: str, order: str, kept: str) -> None:
    """v = v * momentum + batch * (1 - momentum), whichever way round it is written."""
    text = f"keep = Const(0.75)\nrate = Const(0.25)\nkept = Mul({kept})\nnew = Mul(c_mean, rate)\n"
    text += f"sum = {add}({order})\nupdate = Assign(mean, sum)\n"
    assert layer_with(text).momentum == pytest.approx(0.75)
