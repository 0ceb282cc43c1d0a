"""Whether a train op runs the updates of a layer, with it or apart; what the optimizer may change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import BatchNorm, State, inspect
from bninspect.graph import flatten
from tests.batchnorm.training.test_updates import CHOSEN, MEAN_STEP, SHARED, STORED, TRAIN, VARIANCE_STEP
from tests.support.parts import MOMENTS, fused_cond, only_layer, report
from tests.support.text import graph

NET = STORED + MOMENTS + CHOSEN + MEAN_STEP + VARIANCE_STEP + "head = Relu(y)\n"
ALONE = TRAIN.format(control="")
GROUP = "train = NoOp(^learn, {})\n"
BOTH = "^mean_update, ^variance_update"


def listing(text: str, **collections: tuple[str, ...]) -> BatchNorm:
    """The one layer of a MetaGraph with these collections."""
    (layer,) = inspect(flatten(replace(graph(text).graphdef, collections=collections))).layers
    return layer


@pytest.mark.parametrize(
    ("train", "listed", "updates", "apart", "idle"),
    [
        (TRAIN.format(control=f", {BOTH}"), (), "run", False, []),
        (TRAIN.format(control=", ^mean_update"), (), "unused", False, ["variance_update"]),
        (TRAIN.format(control=", ^variance_update"), (), "unused", False, ["mean_update"]),
        (ALONE, (), "unused", False, ["mean_update", "variance_update"]),
        (ALONE + GROUP.format(BOTH), (), "run", True, []),
        (ALONE + GROUP.format(BOTH), ("train",), "run", False, []),
        (ALONE + GROUP.format("^mean_update"), (), "unused", False, ["variance_update"]),
        (
            TRAIN.format(control=", ^mean_update") + GROUP.format("^variance_update"),
            (),
            "run",
            True,
            [],
        ),
        ("", (), None, False, []),
    ],
    ids=[
        "waited for",
        "the mean alone",
        "the variance alone",
        "not at all",
        "grouped",
        "grouped and listed",
        "the mean alone grouped",
        "one waited for and one grouped",
        "no train op",
    ],
)
def test_whether_a_train_op_runs_the_updates(
    train: str, listed: tuple[str, ...], updates: str | None, apart: bool, idle: list[str]
) -> None:
    layer = listing(NET + train, train_op=listed)
    assert (layer.updates, layer.updates_apart, layer.updated_by_others) == (updates, apart, False)
    assert [node.name for node in layer.update_ops] == ["mean_update", "variance_update"]
    assert [node.name for node in layer.idle_update_ops] == idle
    assert layer.momentum == 0.9


OF_0 = ", ^mean_update0, ^variance_update0"
OF_1 = ", ^mean_update1, ^variance_update1"


@pytest.mark.parametrize(
    ("waits", "updates", "by_others"),
    [
        (OF_0 + OF_1, ["run", "run"], [False, False]),
        (OF_0, ["run", "run"], [False, True]),
        (", ^mean_update1, ^variance_update0", ["run", "run"], [False, False]),
        (", ^mean_update1, ^mean_update0", ["unused", "unused"], [False, False]),
        (", ^mean_update1", ["unused", "unused"], [False, False]),
        ("", ["unused", "unused"], [False, False]),
    ],
    ids=["both", "the first", "a statistic of each", "one statistic of both", "one statistic", "none"],
)
def test_calls_that_share_statistics(waits: str, updates: list[str], by_others: list[bool]) -> None:
    """What is assigned to them, by whichever call, moves them for all."""
    layers = report(SHARED + TRAIN.format(control=waits)).layers
    assert [layer.updates for layer in layers] == updates
    assert [layer.updated_by_others for layer in layers] == by_others
    ops = ["mean_update0", "mean_update1", "variance_update0", "variance_update1"]
    assert [[node.name for node in layer.update_ops] for layer in layers] == [ops, ops]


def test_a_call_that_never_trains_has_no_updates_of_its_own() -> None:
    text = SHARED.replace("t1 = FusedBatchNorm(x, gamma, beta, none, none)", "t1 = IdentityN(x, x, x)")
    text = text.replace(
        "out1 = Relu(t1)",
        "e = FusedBatchNorm(x, gamma, beta, mean, variance, is_training=false)\nout1 = Relu(e)",
    )
    layers = report(text + TRAIN.format(control=OF_0)).layers
    assert [(layer.mode.value, layer.updates, layer.updated_by_others) for layer in layers] == [
        ("training", "run", False),
        ("inference", "run", False),
    ]


@pytest.mark.parametrize(
    ("rates", "momentum"),
    [
        (("rate", "rate"), 0.9),
        (("rate", "other"), None),
        (("rate", "fed"), 0.9),
        (("fed", "rate"), 0.9),
        (("fed", "fed"), None),
    ],
)
def test_the_momentum_of_both_statistics(rates: tuple[str, str], momentum: float | None) -> None:
    steps = "other = Const(0.25)\nfed = Placeholder(dtype=float, shape=[])\n"
    for step, name, rate in zip((MEAN_STEP, VARIANCE_STEP), ("mean", "variance"), rates, strict=True):
        steps += step.replace(f"Mul({name}_gap, rate)", f"Mul({name}_gap, {rate})")
    assert only_layer(STORED + MOMENTS + CHOSEN + steps + "head = Relu(y)\n").momentum == momentum


LEARNING = STORED.replace("gamma = Const([1.5, 2.0, 0.5])", "gamma = VariableV2(dtype=float, shape=[3])")


@pytest.mark.parametrize(
    ("listed", "train", "trainable"),
    [
        (("gamma:0", "beta:0", "kernel:0"), ALONE, ("gamma", "beta")),
        (("gamma:0", "variance:0"), ALONE, ("gamma", "moving_variance")),
        (("kernel:0", "mean:0"), ALONE, ("moving_mean",)),
        (("kernel:0",), ALONE, ()),
        ((), ALONE, None),
        (("gamma:0",), "", None),
    ],
    ids=["both", "one and the variance", "the mean", "none of them", "no list", "no train op"],
)
def test_what_the_optimizer_may_change(
    listed: tuple[str, ...], train: str, trainable: tuple[str, ...] | None
) -> None:
    text = NET.replace(STORED, LEARNING)
    assert listing(text + train, trainable_variables=listed).trainable == trainable


def test_a_layer_without_gamma_has_none_that_is_trainable() -> None:
    text = NET.replace("scale = Mul(root, gamma)", "scale = Identity(root)")
    layer = listing(text + ALONE, trainable_variables=("gamma:0", "beta:0"))
    assert (layer.gamma, layer.trainable) == (None, ("beta",))


PICKED = """
m = Select(phase, {mean}, mean)
v = Select(phase, {variance}, variance)
y = FusedBatchNormV3(x, gamma, beta, m, v, is_training=false)
head = Relu(y)
"""
FUSED = "none = Const([])\nbatch = FusedBatchNormV3(x, gamma, beta, none, none)\n"


@pytest.mark.parametrize(
    ("moments", "mean", "variance"),
    [(MOMENTS, "batch_mean", "batch_variance"), (FUSED, "batch:1", "batch:2")],
    ids=["reductions", "a fused op"],
)
def test_a_fused_op_of_statistics_that_are_picked(moments: str, mean: str, variance: str) -> None:
    steps = MEAN_STEP.replace("c_mean", mean) + VARIANCE_STEP.replace("c_variance", variance)
    layer = only_layer(STORED + moments + PICKED.format(mean=mean, variance=variance) + steps)
    assert layer.mode.value == "switched"
    assert [node.name for node in layer.update_ops] == ["mean_update", "variance_update"]
    assert layer.momentum == 0.9


BY_FUSED = """
shifted = Add(batch:2, epsilon)
root = Rsqrt(shifted)
centred = Sub(x, batch:1)
y = Mul(centred, root)
head = Relu(y)
"""
KEPT = ["mean:0", "variance:0"]


@pytest.mark.parametrize(
    ("steps", "kept", "ops"),
    [
        (MEAN_STEP + VARIANCE_STEP, KEPT, ["mean_update", "variance_update"]),
        (MEAN_STEP, [], []),
        ("rate = Const(0.1)\n" + VARIANCE_STEP, [], []),
        (
            MEAN_STEP
            + VARIANCE_STEP
            + "more = VariableV2(dtype=float, shape=[3])\nlast = Assign(more, mean_update)\n",
            ["more:0", "variance:0"],
            ["last", "variance_update"],
        ),
    ],
    ids=["both", "the mean alone", "the variance alone", "the mean, and what is made of it"],
)
def test_a_layer_that_only_trains_keeps_its_statistics_where_they_are_put(
    steps: str, kept: list[str], ops: list[str]
) -> None:
    """Both of them; what moves the mean is no update of the variance, though one op gives both."""
    written = steps.replace("c_mean", "batch:1").replace("c_variance", "batch:2")
    layer = only_layer(STORED + FUSED + BY_FUSED + written)
    moving = [tensor.name for tensor in (layer.moving_mean, layer.moving_variance) if tensor is not None]
    assert moving == kept
    assert [node.name for node in layer.update_ops] == ops


def test_a_layer_that_also_serves_keeps_no_statistics_where_it_does_not_read_them() -> None:
    """They are empty in its branch of inference, whatever its updates move."""
    cond = fused_cond("phase").replace("Switch(mean,", "Switch(y_none,")
    steps = (MEAN_STEP + VARIANCE_STEP).replace("c_mean", "y_train:1").replace("c_variance", "y_train:2")
    served = cond.replace("Switch(variance,", "Switch(y_none,") + steps + "head = Relu(y)\n"
    layer = only_layer(STORED + served)
    assert (layer.moving, layer.statistics.state, layer.update_ops) == (None, State.ABSENT, ())


def test_an_update_by_arithmetic_that_nobody_follows_is_one_of_what_is_normalized() -> None:
    steps = MEAN_STEP.replace("Sub(mean, c_mean)", "Exp(c_mean)") + "load = Assign(variance, gamma)\n"
    layer = only_layer(STORED + MOMENTS + CHOSEN + steps + "head = Relu(y)\n" + ALONE)
    assert ([node.name for node in layer.update_ops], layer.updates) == (["mean_update"], "unused")
