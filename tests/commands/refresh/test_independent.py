"""Which layers see images that depend on no other image, and that their standard error is that of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.refresh.estimates import Fold
from bninspect.commands.refresh.training_program import independent
from bninspect.statistics.certainty import standard_error
from bninspect.statistics.moment_sums import MomentSums
from bninspect.statistics.pooling import ImageMoments
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

STORED = """
training = Placeholder(dtype=bool, shape=[])
images = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
ones = Const([1.0, 1.0])
zeros = Const([0.0, 0.0])
"""


def switched(name: str, x: str) -> str:
    """A layer whose mode the placeholder decides, in a scope of its own; `<name>/y` is its output."""
    return f"""
{name}/x = Switch({x}, training)
{name}/fused = FusedBatchNorm({name}/x:1, ones, zeros, zeros, ones, is_training=true)
{name}/fused_1 = FusedBatchNorm({name}/x, ones, zeros, zeros, ones, is_training=false)
{name}/y = Merge({name}/fused_1, {name}/fused)
"""


def fixed(name: str, x: str, training: str) -> str:
    return f"\n{name}/y = FusedBatchNorm({x}, ones, zeros, zeros, ones, is_training={training})\n"


def names(report: Report, *chosen: str, stripped: bool = False) -> set[str]:
    """The independent ones among the layers of these names (none: all)."""
    layers = [layer for layer in report.layers if not chosen or layer.name in chosen]
    return set(independent(report, layers, stripped=stripped))


def test_layers_side_by_side_are_and_one_behind_them_is_not() -> None:
    join = "sum = AddV2(a/y, b/y)\n"
    text = STORED + switched("a", "images") + switched("b", "images") + join + switched("c", "sum")
    report = inspect(graph(text))
    assert names(report) == {"a", "b"}
    assert names(report, "c") == {"c"}, "a and b run in inference mode"
    assert names(report, "b", "c") == {"b"}


TOWERS = (
    STORED
    + """
twos = Const([2.0, 2.0])
auxiliary = Const([3.0, 3.0])
none = Const([])
serves = FusedBatchNorm(images, twos, zeros, zeros, ones, is_training=false)
served = Relu(serves)
"""
)
BEHIND_TRAINING = """
trains = FusedBatchNorm(images, twos, zeros, none, none, is_training=true)
trained = Relu(trains)
beside = FusedBatchNorm(trained, auxiliary, zeros, none, none, is_training=true)
sum = AddV2(trained, beside)
y = SelectV2(training, sum, served)
"""
BEFORE_TRAINING = """
beside = FusedBatchNorm(images, auxiliary, zeros, none, none, is_training=true)
trains = FusedBatchNorm(beside, twos, zeros, none, none, is_training=true)
trained = Relu(trains)
y = SelectV2(training, trained, served)
"""


@pytest.mark.parametrize(
    ("tower", "expected"), [(BEHIND_TRAINING, {"serves"}), (BEFORE_TRAINING, {"beside"})],
    ids=["behind the layer", "before the layer"],
)  # fmt: skip
def test_a_layer_of_the_training_tower_alone_mixes_where_it_trains(tower: str, expected: set[str]) -> None:
    """The layer of both towers is measured in the one that trains, whatever its x is in the other."""
    report = inspect(graph(TOWERS + tower))
    assert {layer.name: layer.mode.value for layer in report.layers} == {
        "serves": "switched",
        "beside": "training",
    }
    assert names(report) == expected


@pytest.mark.parametrize(
    ("training", "stripped", "expected"),
    [("true", False, set()), ("true", True, {"b"}), ("false", False, {"b"})],
    ids=["training", "training, stripped", "inference"],
)
def test_behind_a_layer_of_fixed_mode(training: str, stripped: bool, expected: set[str]) -> None:
    text = STORED + fixed("a", "images", training) + "relu = Relu(a/y)\n" + switched("b", "relu")
    assert names(inspect(graph(text)), "b", stripped=stripped) == expected


def test_none_is_where_something_could_not_be_decided() -> None:
    text = STORED + switched("a", "images")
    unclear = """
other = Placeholder(dtype=float, shape=[2])
axes = Const([0, 1, 2])
mean = Mean(images, axes, keep_dims=true)
variance = Mean(images, axes, keep_dims=true)
normalized = FusedBatchNorm(images, ones, zeros, mean, other, is_training=false)
"""
    report = inspect(graph(text + unclear))
    assert report.unrecognised
    assert names(report) == set()


def test_their_samples_are_the_images() -> None:
    draw = np.random.default_rng(7)

    def batch(rows: int) -> MomentSums:
        return MomentSums.of(ImageMoments.of(draw.normal(size=(rows, 3)), np.ones((rows, 3)), 16))

    batches = [{"alone": batch(8), "behind": batch(8), "in frames": batch(24)} for _ in range(4)]
    fold = Fold(epsilons={}, independent=("alone", "in frames"))
    for one in batches:
        fold.add(one, 8)
    for name, found in fold.layers.items():
        fold.layers = {name: found}
        by_image = standard_error(found.sums, 0.0)
        by_batch = standard_error(found.sums, 0.0, found.between)
        sure = fold.look()
        assert sure is not None
        assert by_image != by_batch
        assert sure.error == (by_image if name == "alone" else by_batch), name
