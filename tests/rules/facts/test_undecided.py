"""What images leave open, in words: by how many there are, and by the noise of choosing them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.rules.facts import inconclusive as facts
from bninspect.rules.facts.inconclusive import degenerate, inconclusive
from bninspect.statistics import thresholds
from tests.support.probes import net, probe

if TYPE_CHECKING:
    from bninspect.measure.facts import Probe, ProbedLayer


def undecided(layer: ProbedLayer, **changes: Any) -> ProbedLayer:
    """The layer with a verdict that the images do not decide."""
    assert layer.own is not None
    assert layer.own.staleness is not None
    own = replace(layer.own.staleness, **{"verdict": "inconclusive", **changes})
    return replace(layer, own=replace(layer.own, staleness=own))


def found(count: int, opened: int, **changes: Any) -> Probe:
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
    assert inconclusive(found(2, 1, images=images)) == words.format("net/block0/bn")


def test_the_noisiest_layer_says_how_many_images(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = {"net/block0/bn": 0.02, "net/block1/bn": 1.0, "net/block2/bn": 0.5}
    monkeypatch.setattr(facts, "_noise_of_images", lambda layer: noise[layer.name])
    assert inconclusive(found(3, 3, images=10)).endswith("give about 1,000")


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
    assert inconclusive(found(count, opened, score=None)) == words
    assert inconclusive(found(count, opened, images=0)) == words


def test_one_layer_with_a_score_is_enough_to_ask_for_images() -> None:
    layers = net(2, images=4)
    given = probe(undecided(layers[0], score=None), undecided(layers[1]))
    assert "not finite" not in inconclusive(given)
    assert "these 2 layers" in inconclusive(given)


def test_nothing_is_open_where_all_is_decided() -> None:
    assert inconclusive(found(3, 0)) == degenerate(found(3, 0)) == ""


def test_a_single_layer_with_one_value_per_channel_is_named() -> None:
    (layer,) = net(1)
    words = degenerate(probe(replace(layer, single=True)))
    assert words.startswith("one value per channel in a batch says nothing about net/block0/bn: ")
