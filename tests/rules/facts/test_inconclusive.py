"""What images leave open is said, with what would decide it, and is never passed for a verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.rules.facts import inconclusive as facts
from bninspect.rules.facts.inconclusive import degenerate, images_needed, inconclusive, left_open
from bninspect.statistics import thresholds
from tests.commands.probe.test_diagnosis import concluded, shifted_by
from tests.support.probes import codes, net, probe, probed, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.measure.facts import Probe, ProbedLayer


def undecided(layer: ProbedLayer, **changes: Any) -> ProbedLayer:
    """The layer with a verdict that the images do not decide."""
    assert layer.own is not None
    assert layer.own.staleness is not None
    own = replace(layer.own.staleness, **{"verdict": "inconclusive", **changes})
    return replace(layer, own=replace(layer.own, staleness=own))


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
    layers[3] = undecided(layers[3], score=None, score_error=None)
    found = probe(*layers)
    assert inconclusive(found) == "the input of net/block3/bn is not finite on these images"
    assert codes(found) == []
    assert "not finite on these images" in concluded(found)


def test_small_batches_are_not_mended_by_more_images() -> None:
    layers = net()
    layers[3] = undecided(layers[3], mean_floor=0.25)
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


def with_undecided(count: int, opened: int, **changes: Any) -> Probe:
    """Healthy layers, of which the first few are undecided."""
    layers = net(count)
    return probe(*(undecided(one, **changes) if at < opened else one for at, one in enumerate(layers)))


DECIDES = thresholds.DECIDABLE
LARGER = "batches so small bend the input of {}, whatever the images; give larger batches (--batch-size)"


@pytest.mark.parametrize(
    ("images", "noise", "words"),
    [
        (1, DECIDES / 2, "1 image is too few to judge {}; give 16 or more"),
        (1, 1.0, "1 image is too few to judge {}; give 16 or more"),
        (2, DECIDES / 2, LARGER),
        (3, DECIDES * 0.999, LARGER),
        (3, DECIDES, "3 images are too few to judge {}; give about 4"),
        (2, 1.0, "2 images are too few to judge {}; give about 200"),
        (1234, 1.0, "1,234 images are too few to judge {}; give about 130,000"),
    ],
)
def test_more_images_help_against_noise_and_larger_batches_against_bias(
    images: int, noise: float, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "_noise_of_images", lambda layer: noise)
    assert inconclusive(with_undecided(2, 1, images=images)) == words.format("net/block0/bn")


def test_the_noisiest_layer_says_how_many_images(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = {"net/block0/bn": 0.02, "net/block1/bn": 1.0, "net/block2/bn": 0.5}
    monkeypatch.setattr(facts, "_noise_of_images", lambda layer: noise[layer.name])
    assert inconclusive(with_undecided(3, 3, images=10)).endswith("give about 1,000")


@pytest.mark.parametrize(
    ("count", "opened", "who"),
    [
        (1, 1, "net/block0/bn"),
        (2, 2, "these 2 layers"),
        (2, 1, "net/block0/bn"),
        (3, 2, "2 of 3 layers (net/block0/bn, net/block1/bn)"),
    ],
)
def test_who_is_not_finite(count: int, opened: int, who: str) -> None:
    words = f"the input of {who} is not finite on these images"
    assert inconclusive(with_undecided(count, opened, score=None)) == words
    assert inconclusive(with_undecided(count, opened, images=0)) == words


def test_one_layer_with_a_score_is_enough_to_ask_for_images() -> None:
    layers = net(2, images=4)
    given = probe(undecided(layers[0], score=None), undecided(layers[1]))
    assert "not finite" not in inconclusive(given)
    assert "these 2 layers" in inconclusive(given)


def test_nothing_is_open_where_all_is_decided() -> None:
    assert inconclusive(with_undecided(3, 0)) == degenerate(with_undecided(3, 0)) == ""


def test_a_single_layer_with_one_value_per_channel_is_named() -> None:
    (layer,) = net(1)
    words = degenerate(probe(replace(layer, single=True)))
    assert words.startswith("one value per channel in a batch says nothing about net/block0/bn: ")
