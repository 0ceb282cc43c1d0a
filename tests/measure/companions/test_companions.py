"""The companion test, on functions of NumPy in place of a model, and on models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.placeholders import Placeholder
from bninspect.inputs.request import Request
from bninspect.measure.companions.batches import distinct, made_companion
from bninspect.measure.companions.companions import companion_test, judge
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.support.measuring import NOTHING
from tests.support.places import FIXTURES
from tests.support.probes import wrong
from tests.support.reports import node, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.graph import Tensor
    from bninspect.measure.companions.companions import CompanionTest, Run

    Array = NDArray[Any]

DRAW = np.random.default_rng(5)
IMAGES = [DRAW.normal(0, 1, (4, 4, 3)).astype(np.float32) for _ in range(6)]
OUT = tensor("out")


class Given:
    """Images in memory."""

    recipe = None
    drawn = False

    def __init__(self, images: Sequence[Any]) -> None:
        self.names = tuple(map(str, range(len(images))))
        self.count = len(images)
        self._images = images

    def batch(self, start: int, stop: int) -> Array:
        return np.stack(self._images[start:stop])

    def photo(self) -> None:
        return None


def inputs(images: Sequence[Any], fixed: int | None = None, dtype: str = "float") -> Inputs:
    """These images for a placeholder that takes any number of them, or a fixed one."""
    place = Placeholder(tensor=tensor("image"), dtype=dtype, shape=(fixed, 4, 4, 3), has_default=False)
    size = fixed or 32
    return Inputs(place=place, pictures=Given(images), batch_size=size, preset="raw", feeds={}, said={})


def model(function: Callable[[Array], Array]) -> Run:
    """A run of one output, which is this function of the batch."""

    def run(tensors: Sequence[Tensor], feeds: Mapping[str, Array]) -> list[Array]:
        assert len(tensors) == 1
        return [function(feeds["image:0"])]

    return run


def alone(batch: Array) -> Array:
    means: Array = batch.mean(axis=(1, 2))
    return means


def mixing(batch: Array) -> Array:
    return alone(batch - batch.mean(axis=(0, 1, 2)))


def answer(served: Callable[[Array], Array], given: Inputs) -> CompanionTest:
    return companion_test(model(served), given, [OUT], model(mixing))


def test_an_output_of_its_own_is_no_finding() -> None:
    found = answer(alone, inputs(IMAGES))
    assert (found.dependent, found.random, found.reason, found.made) == ((), (), None, False)
    assert found.images == 4


def test_an_output_that_moves_with_its_companions_is_found() -> None:
    found = answer(mixing, inputs(IMAGES))
    (one,) = found.dependent
    expected = np.abs(mixing(np.stack(IMAGES[:4]))[0] - mixing(np.stack([IMAGES[0]] * 4))[0]).max()
    assert one.change == pytest.approx(float(expected), rel=1e-6)
    assert one.change > 1000 * one.floor


@pytest.mark.parametrize("served", [alone, mixing])
def test_one_image_gets_a_made_companion(served: Callable[[Array], Array]) -> None:
    found = answer(served, inputs(IMAGES[:1]))
    assert (found.made, found.images, found.reason) == (True, 2, None)
    assert bool(found.dependent) is (served is mixing)


def test_copies_are_no_companions_whatever_their_names() -> None:
    assert len(distinct([IMAGES[0], IMAGES[0].copy(), IMAGES[1]])) == 2
    assert answer(mixing, inputs([IMAGES[0]] * 5)).made
    encoded: list[Any] = [b"a", b"a", b"b"]
    assert distinct(encoded) == [b"a", b"b"]


def test_a_made_companion_stays_in_the_range_of_the_image() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    made = made_companion(image)
    assert made is not None
    assert made.dtype == np.uint8
    assert sorted(made.ravel()) == sorted(image.ravel())
    assert not np.array_equal(made, image)
    assert made_companion(np.full((4, 4, 3), 7)) is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (inputs(IMAGES[:1], fixed=1), "takes one image at a time"),
        (inputs([np.ones((4, 4, 3), np.float32)]), "one image of one colour"),
        (NOTHING, "fed by hand"),
    ],
)
def test_what_cannot_be_tested_says_why(given: Inputs, told: str) -> None:
    found = answer(mixing, given)
    assert told in (found.reason or "")
    assert not found.dependent


def test_a_fixed_batch_is_filled() -> None:
    found = answer(mixing, inputs(IMAGES, fixed=3))
    assert found.images == 3
    assert found.dependent


def test_companions_that_move_nothing_in_training_prove_nothing() -> None:
    found = companion_test(model(alone), inputs(IMAGES), [OUT], model(alone))
    assert "the other images change nothing in training mode either" in (found.reason or "")


def test_rounding_is_noise_and_chance_is_random() -> None:
    dice = np.random.default_rng(1)
    rounding = answer(lambda batch: alone(batch) * (1 + 1e-8 * len(np.unique(batch))), inputs(IMAGES))
    assert not rounding.dependent
    chance = answer(lambda batch: alone(batch) + dice.normal(0, 1, (len(batch), 1)), inputs(IMAGES))
    assert chance.random
    assert not chance.dependent
    assert "two runs on the same inputs differ" in (chance.reason or "")


def test_outputs_without_a_row_for_each_image() -> None:
    found = answer(lambda batch: np.float32(batch.mean()), inputs(IMAGES))
    assert "no output has a row" in (found.reason or "")


def test_nan_beside_nan_is_no_difference_and_beside_a_number_is() -> None:
    def broken(batch: Array) -> Array:
        return np.full((len(batch), 2), np.nan)

    assert not answer(broken, inputs(IMAGES)).dependent
    mixed = answer(lambda batch: np.where(mixing(batch) == 0, 0, np.inf * mixing(batch)), inputs(IMAGES))
    assert mixed.outputs


def test_ties_of_a_top_k_are_judged_by_the_values_behind() -> None:
    logits = tensor("logits")
    best = node("best", "ArgMax")
    best.inputs = (logits, tensor("axis"))
    cast = node("label", "Cast")
    cast.inputs = (best.output(),)
    assert judge(cast.output()) == logits
    top = node("top", "TopKV2")
    top.inputs = (logits, tensor("k"))
    assert judge(type(logits)(top, 1)) == logits
    assert judge(type(logits)(top, 0)) == type(logits)(top, 0)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "codes"),
    [("fixed_training_fused_2.pb", ["BN401"]), ("classic_net.pb", []), ("keras3_training.pb", ["BN401"])],
)
def test_models_that_mix_images_are_told_from_those_that_do_not(name: str, codes: list[str]) -> None:
    report = inspect(load(str(FIXTURES / name)))
    found = probe(report, Question(layers=report.layers), Request(random=6))
    assert [one.code for one in wrong(found) if one.code == "BN401"] == codes


def test_an_output_that_is_nan_throughout_says_nothing_of_companions() -> None:
    found = answer(lambda batch: np.full((len(batch), 3), np.nan), inputs(IMAGES))
    assert found.outputs == ()
    assert found.reason is not None
    assert "row of numbers" in found.reason
