"""What a layer says of itself: its branches by mode, its axes, and how it is trained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.branches import Branch, Constant, Fixed, Switched
from bninspect.batchnorm.layer import BatchNorm
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.site import Batch
from tests.support.parts import STORED, only_layer
from tests.support.reports import constant, held, layer, phase, predicate, tensor

T, I = "bn/cond/FusedBatchNormV3", "bn/cond/FusedBatchNormV3_1"  # noqa: E741
"""The nodes of the branches of training and of inference."""


def names(*branches: Branch | None) -> list[str | None]:
    return [None if branch is None else branch.node.name for branch in branches]


def of_constant(value: bool, *, negated: bool) -> BatchNorm:
    return layer(decided=predicate(None, constant=value), negated=negated)


LAYERS = {
    "training": (layer(mode=Mode.TRAINING), Fixed, Mode.TRAINING, [T], [T]),
    "inference": (layer(mode=Mode.INFERENCE), Fixed, Mode.INFERENCE, [I], [I]),
    "switched": (layer(decided=predicate(phase())), Switched, Mode.SWITCHED, [T, I], [T, I]),
    "always true": (of_constant(True, negated=False), Constant, Mode.TRAINING, [T], [T, I]),
    "always false": (of_constant(False, negated=False), Constant, Mode.INFERENCE, [I], [I, T]),
    "always true, the other way round": (
        of_constant(True, negated=True),
        Constant,
        Mode.INFERENCE,
        [I],
        [I, T],
    ),
    "always false, the other way round": (
        of_constant(False, negated=True),
        Constant,
        Mode.TRAINING,
        [T],
        [T, I],
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_branches_by_mode(case: str) -> None:
    one, kind, mode, served, branches = LAYERS[case]
    assert (type(one.wiring), one.mode) == (kind, mode)
    assert names(*one.wiring.served) == served
    assert names(*one.wiring.branches) == branches
    assert names(one.training, one.inference) == [T if T in served else None, I if I in served else None]
    assert names(one.branch(Mode.TRAINING), one.branch(Mode.INFERENCE)) == [
        T if T in branches else None,
        I if I in branches else None,
    ]
    assert names(one.nearest(Mode.TRAINING)) == [T if T in branches else I]
    assert names(one.nearest(Mode.INFERENCE)) == [I if I in branches else T]
    assert names(one.untaken) == [next((name for name in branches if name not in served), None)]
    assert (one.switch is None, [merge.name for merge in one.merges]) == (
        kind is Fixed,
        [] if kind is Fixed else ["bn/cond/Merge"],
    )
    assert one.runs_when == ()


VARIABLE = tensor("gamma", "VariableV2")


@pytest.mark.parametrize(
    ("gamma", "beta", "trainable", "is_untrainable"),
    [
        (VARIABLE, VARIABLE, (), True),
        (VARIABLE, None, (), True),
        (None, VARIABLE, ("moving_mean",), True),
        (VARIABLE, VARIABLE, ("gamma",), False),
        (VARIABLE, VARIABLE, ("beta", "moving_mean"), False),
        (VARIABLE, VARIABLE, None, False),
        (constant("gamma", [1.0]), None, (), False),
        (constant("gamma", [1.0]), VARIABLE, (), True),
        (None, None, (), False),
    ],
)
def test_made_with_trainable_false(
    gamma: object, beta: object, trainable: tuple[str, ...] | None, is_untrainable: bool
) -> None:
    assert layer(gamma=gamma, beta=beta, trainable=trainable).is_untrainable is is_untrainable


@pytest.mark.parametrize(
    ("mode", "updates", "trains"),
    [
        (Mode.TRAINING, "run", True),
        (Mode.TRAINING, "none", True),
        (Mode.TRAINING, None, False),
        (Mode.INFERENCE, "run", False),
        (None, "unused", True),
    ],
)
def test_trained_on_its_batch(mode: Mode | None, updates: str | None, trains: bool) -> None:
    decided = predicate(phase()) if mode is None else None
    assert layer(mode=mode, decided=decided, updates=updates).trains_on_batch is trains


def test_what_nobody_says_of_a_layer() -> None:
    one = layer()
    assert (one.updates, one.updates_apart, one.update_ops, one.idle_update_ops) == (None, False, (), ())
    assert (one.updated_by_others, one.trainable, one.functions) == (False, None, ())


def test_stored_statistics_are_vectors_of_float64() -> None:
    mean, variance = held([0.5, -1.5], [1.0, 4.0]).numbers()
    assert (mean.dtype.name, mean.shape, variance.shape) == ("float64", (2,), (2,))
    assert (list(mean), list(variance)) == ([0.5, -1.5], [1.0, 4.0])


def test_a_branch_shown_to_a_person_leaves_out_how_it_is_written() -> None:
    branch = layer(mode=Mode.TRAINING).nearest(Mode.TRAINING)
    assert f"node=<FusedBatchNormV3 {T}>, taken_when=None" in repr(branch)
    assert "site" not in repr(branch)


def test_every_place_where_a_layer_is_written() -> None:
    """The branch that never runs is one, and a mode that is written once more."""
    one = of_constant(False, negated=False)
    again = layer("again").sites
    assert [site.node.name for site in one.sites] == [I, T]
    assert [site.node.name for site in replace(one, again=again).sites] == [I, T, f"again/{I[3:]}"]


@pytest.mark.parametrize("training", ["true", "false"])
def test_how_a_fused_layer_is_written(training: str) -> None:
    """Nothing of it is folded, and no reduction takes its moments: the op itself does."""
    line = f"y = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training={training})\n"
    (site,) = only_layer(STORED + line).sites
    assert (site.folded, site.carried, site.kept_axes) == (False, None, ())
    origin = site.mean_origin
    assert (isinstance(origin, Batch) and origin.of_x) is False
    assert isinstance(origin, Batch) is (training == "true")
