"""What images leave open is said, with what would decide it, and is never passed for a verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.rules.facts.inconclusive import degenerate, images_needed, inconclusive, left_open
from tests.commands.probe.test_diagnosis import concluded, shifted_by
from tests.support.probes import codes, net, probe, probed, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_one_image_says_what_it_can_tell_and_what_not() -> None:
    found = probe(*net(images=1))
    assert wrong(found) == ()
    assert concluded(found) == "1 image is too few to judge these 6 layers; give 16 or more"


def test_a_few_images_say_how_many_would_do() -> None:
    layers = [probed(f"net/block{index}/bn", index, images=2, stored=shifted_by(0.1)) for index in range(4)]
    told = inconclusive(probe(*layers))
    assert told.startswith("2 images are too few to judge net/block0/bn; give about ")


@pytest.mark.parametrize(
    ("images", "floor", "wanted"), [(2, 0.3, 60), (8, 0.02, 16), (3, 0.0101, 4), (10, 1.234, 1300)]
)
def test_the_noise_falls_as_one_over_the_images(images: int, floor: float, wanted: int) -> None:
    assert images_needed(images, floor) == wanted


def test_input_that_is_not_finite_is_said() -> None:
    layers = net()
    own = layers[3].own
    assert own is not None
    assert own.staleness is not None
    broken = replace(own.staleness, verdict="inconclusive", score=None, score_error=None)
    layers[3] = replace(layers[3], own=replace(own, staleness=broken))
    found = probe(*layers)
    assert inconclusive(found) == "the input of net/block3/bn is not finite on these images"
    assert codes(found) == []
    assert "not finite on these images" in concluded(found)


def test_small_batches_are_not_mended_by_more_images() -> None:
    layers = net()
    own = layers[3].own
    assert own is not None
    assert own.staleness is not None
    bent = replace(own.staleness, verdict="inconclusive", mean_floor=0.25)
    layers[3] = replace(layers[3], own=replace(own, staleness=bent))
    assert "give larger batches (--batch-size)" in concluded(probe(*layers))


@pytest.mark.parametrize(
    ("single", "who"),
    [
        ((), None),
        ((2,), "net/block2/bn"),
        ((0, 2), "2 of 6 layers (net/block0/bn, net/block2/bn)"),
        (range(6), "these 6 layers"),
    ],
    ids=str,
)
def test_one_value_per_channel_says_nothing(single: Sequence[int], who: str | None) -> None:
    layers = [replace(layer, single=index in single) for index, layer in enumerate(net())]
    expected = "" if who is None else (
        f"one value per channel in a batch says nothing about {who}: training mode gives beta whatever the "
        "input; give a batch of several (--batch-size)"
    )  # fmt: skip
    assert degenerate(probe(*layers)) == left_open(probe(*layers)) == expected


def test_both_reasons_are_said() -> None:
    layers = net(images=1)
    layers[0] = replace(layers[0], single=True)
    found = probe(*layers)
    assert left_open(found) == f"{degenerate(found)}; {inconclusive(found)}"


@pytest.mark.parametrize(
    ("images", "floor", "wanted"),
    [(1, 0.0, 2), (5, 0.01, 6), (100, 0.0101, 110), (4, 0.2, 80), (7, 0.0143, 11), (10, 10.01, 11_000)],
)
def test_as_many_images_as_are_needed_in_two_digits(images: int, floor: float, wanted: int) -> None:
    """images * floor / 0.01, rounded up to two digits; one more than there are at least."""
    assert images_needed(images, floor) == wanted
