"""What the sums of a pass say of each layer, and the arrays that are kept of it: no model is run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.measure.measured import arrays, probed_layers, vector
from bninspect.measure.passes import Passes
from bninspect.statistics.pooling import ImageMoments
from tests.support.reports import constant, layer, statistics, value

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.facts import ProbedLayer

TRAINING, INFERENCE = Mode.TRAINING, Mode.INFERENCE


def named(name: str, **changes: Any) -> BatchNorm:
    """A layer of two channels, statistics (1, 2) and (4, 9)."""
    facts = {"statistics": statistics([1.0, 2.0], [4.0, 9.0]), "gamma": None, "channels": 2, "epsilon": None}
    return layer(name, **{**facts, **changes})


def moments(images: int, values: int, mean: float = 0.0) -> ImageMoments:
    """Of images that are alike."""
    return ImageMoments.of(np.full((images, 2), mean), np.ones((images, 2)), values)


def passes(**layers: tuple[list[ImageMoments], list[ImageMoments]]) -> Passes:
    """The moments of each layer in training and in inference mode, batch by batch."""
    found = Passes([], (), {})
    for name, (training, inference) in layers.items():
        found.moments[TRAINING, name] += training
        found.moments[INFERENCE, name] += inference
    return found


def both(*names: str, **left: Mode) -> BothModes:
    """What was done to these layers: a branch was taken, but for a mode that could not be had."""
    changes = {
        mode: {name: SimpleNamespace(what="left" if left.get(name) is mode else "branch") for name in names}
        for mode in (TRAINING, INFERENCE)
    }
    return cast("BothModes", SimpleNamespace(changes=changes))


def one(layer: BatchNorm, found: Passes, images: int = 4, **left: Mode) -> ProbedLayer:
    (probed,) = probed_layers([layer], both(layer.name, **left), found, images)
    return probed


def test_both_passes_are_held_against_the_stored_statistics() -> None:
    found = one(named("bn"), passes(bn=([moments(4, 9, 3.0)], [moments(4, 9, 5.0)])))
    assert (found.values, found.images, found.single) == (36, 4, False)
    assert (found.training, found.inference, found.has_both_modes) == ("branch", "branch", True)
    assert found.own is not None
    assert found.deployed is not None
    assert found.own.staleness is not None
    assert found.deployed.staleness is not None
    np.testing.assert_allclose(found.own.staleness.d, [(3 - 1) / 2, (3 - 2) / 3])
    np.testing.assert_allclose(found.deployed.staleness.d, [(5 - 1) / 2, (5 - 2) / 3])
    np.testing.assert_array_equal(cast("Any", found.moving_mean), [1, 2])
    np.testing.assert_array_equal(cast("Any", found.moving_variance), [4, 9])


@pytest.mark.parametrize(
    ("training", "inference", "values", "images"),
    [
        ([moments(2, 9)], [], 18, 4),
        ([], [moments(3, 5)], 15, 4),
        ([], [], None, 4),
        ([moments(8, 9)], [moments(8, 9)], 72, 4),
        ([moments(2, 9), moments(2, 4)], [moments(4, 9)], 36, 4),
    ],
    ids=["training alone", "inference alone", "neither", "two rows an image", "images of two sizes"],
)
def test_values_are_those_of_a_pass_that_measured(
    training: list[ImageMoments], inference: list[ImageMoments], values: int | None, images: int
) -> None:
    found = one(named("bn"), passes(bn=(training, inference)))
    assert (found.values, found.images) == (values, images)
    assert found.difference is None


def test_images_of_what_was_fed_by_hand_are_the_rows_of_x() -> None:
    assert one(named("bn"), passes(bn=([moments(8, 9)], [])), images=0).images == 8
    assert one(named("bn"), passes(), images=0).images is None


def test_behind_a_layer_of_few_values_the_floor_is_higher() -> None:
    """(2/n)^2 of the fewest values that any layer before it had in a batch, in training mode alone."""
    layers = [named(name) for name in "abcd"]
    found = passes(
        a=([moments(2, 10), moments(2, 4)], [moments(4, 4)]),
        b=([moments(4, 50)], [moments(4, 50)]),
        c=([], [moments(4, 1)]),
        d=([moments(4, 50)], [moments(4, 50)]),
    )
    probed = probed_layers(layers, both(*"abcd"), found, 4)
    own = [one.own_staleness for one in probed]
    assert own[0] is None  # images of two sizes
    floors = [None if one is None else float(one.floor[0]) for one in own]
    assert floors == [None, pytest.approx((2 / 8) ** 2), None, pytest.approx((2 / 8) ** 2)]
    deployed = [one.deployed_staleness for one in probed]
    assert [None if one is None else float(one.floor[0]) for one in deployed] == [0.0] * 4


@pytest.mark.parametrize(
    ("batches", "single", "own"),
    [
        ({"a": [moments(1, 1)], "b": [moments(1, 9)]}, [True, True], [False, False]),
        ({"a": [moments(1, 1), moments(1, 1)], "b": [moments(2, 9)]}, [True, True], [True, False]),
        ({"a": [moments(1, 2)], "b": [moments(1, 1)]}, [False, True], [True, False]),
        ({"a": [moments(1, 2)], "b": [moments(2, 2)]}, [False, False], [True, True]),
    ],
    ids=["one value in all", "one by one", "one value behind", "two values"],
)
def test_a_batch_of_one_value_compares_no_modes(
    batches: dict[str, list[ImageMoments]], single: list[bool], own: list[bool]
) -> None:
    """Of one value in all, and behind a layer of single ones, nothing is said; of values one by one it is."""
    found = passes(**{name: (parts, parts) for name, parts in batches.items()})
    probed = probed_layers([named("a"), named("b")], both("a", "b"), found, 2)
    assert [one.single for one in probed] == single
    assert [one.own_staleness is not None for one in probed] == own
    assert [one.deployed_staleness is not None for one in probed] == [True, True]


@pytest.mark.parametrize(
    ("size", "left", "compared"),
    [
        (4, {}, True),
        (1, {}, True),
        (0, {}, False),
        (4, {"bn": TRAINING}, False),
        (4, {"bn": INFERENCE}, False),
    ],
    ids=["both modes", "one value", "no value", "no training mode", "no inference mode"],
)
def test_the_gap_of_a_layer_that_ran_in_both_modes(size: int, left: dict[str, Any], compared: bool) -> None:
    found = passes(bn=([moments(4, 9)], [moments(4, 9)]))
    found.gaps["bn"].add(1.0, -3.0, 8.0, 32.0, size)
    probed = one(named("bn"), found, **left)
    assert (probed.difference is not None) is compared
    assert probed.has_both_modes is (not left)
    if probed.difference is not None:
        assert (probed.difference.max_abs, probed.difference.rms) == (3.0, (16 / size) ** 0.5)


@pytest.mark.parametrize(
    ("changes", "compared"),
    [
        ({"statistics": statistics([1.0] * 3, [4.0] * 3)}, False),
        ({"statistics": statistics([1.0] * 2, [4.0] * 3)}, False),
        ({}, True),
    ],
    ids=["of other channels", "of two sizes", "of these"],
)
def test_statistics_of_other_sizes_are_not_compared(changes: dict[str, Any], compared: bool) -> None:
    found = one(named("bn", **changes), passes(bn=([moments(4, 9)], [])))
    assert found.own is not None
    assert (found.own.staleness is not None) is compared
    assert (found.own.score is not None) is compared


@pytest.mark.parametrize(
    ("gamma", "extreme"),
    [(None, (0, 1)), ([1.0, 1e-6], (0,)), ([2.0], (0, 1)), ([0.0], ()), ([1.0, 1e-6, 1.0], (0, 1))],
    ids=["none", "one is pruned", "one for all", "0 for all", "of another size"],
)
def test_gamma_says_which_channels_count(gamma: list[float] | None, extreme: tuple[int, ...]) -> None:
    held = None if gamma is None else constant("gamma", gamma)
    found = one(named("bn", gamma=held), passes(bn=([moments(64, 9, 100.0)], [])), images=64)
    assert found.own_staleness is not None
    assert found.own_staleness.extreme_channels == extreme


def test_arrays_that_are_kept_of_a_layer() -> None:
    """What is stored, and of each pass what was measured; the own ones without a scope, too."""
    found = arrays([one(named("bn"), passes(bn=([moments(4, 9, 3.0)], [moments(4, 9, 5.0)])))])
    assert {name: part.tolist() for name, part in found.items()} == {
        "bn/moving_mean": [1, 2],
        "bn/moving_variance": [4, 9],
        **{
            f"bn/{scope}{what}": numbers
            for scope in ("", "own/")
            for what, numbers in {
                "batch_mean": [3, 3], "batch_variance": [1, 1], "d": [1, pytest.approx(1 / 3)],
                "r": [0.5, pytest.approx(1 / 3)],
            }.items()
        },
        "bn/deployed/batch_mean": [5, 5],
        "bn/deployed/batch_variance": [1, 1],
        "bn/deployed/d": [2, 1],
        "bn/deployed/r": [0.5, pytest.approx(1 / 3)],
    }  # fmt: skip


def test_what_was_not_measured_is_not_kept() -> None:
    unknown = named("bn", statistics=statistics([1.0] * 3, [4.0] * 3))
    found = arrays([one(unknown, passes(bn=([], [moments(4, 9)])))])
    assert sorted(found) == [
        "bn/deployed/batch_mean", "bn/deployed/batch_variance", "bn/moving_mean", "bn/moving_variance",
    ]  # fmt: skip


def test_a_vector_is_the_values_or_none() -> None:
    assert vector(None) is None
    found = vector(value([1.0, 2.0]))
    assert found is not None
    assert found.tolist() == [1.0, 2.0]
    broken = value([1.0, 2.0])
    broken.shape, broken.size = (1,), 1
    assert vector(broken) is None
