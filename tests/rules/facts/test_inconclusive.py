"""What images leave open is said, with what would decide it, and is never passed for a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.rules.facts.inconclusive import images_needed, inconclusive
from tests.commands.probe.test_diagnosis import concluded, shifted_by
from tests.support.probes import codes, net, probe, probed, wrong


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
