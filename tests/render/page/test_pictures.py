"""The pictures: what is drawn for which facts, read back from the markup."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.comparison.comparison import diff
from bninspect.commands.diff.pair import compare_reports
from bninspect.commands.report.facts import Before
from bninspect.measure.facts import OutputDifference, Patch, SeenImage
from bninspect.models.open import load
from bninspect.render.diff.document import diff_document
from bninspect.render.json import dumps
from bninspect.render.page.pictures.before import before_and_after
from bninspect.render.page.pictures.channels import channel_pictures, worst_channels
from bninspect.render.page.pictures.modes import both_modes
from bninspect.render.page.pictures.network import network_map
from bninspect.render.page.pictures.scales import Scale, ScoreScale
from bninspect.render.page.pictures.wiring import wiring_picture
from bninspect.statistics.distance import Ranked, Rankings
from tests.render.page.test_numbers import at
from tests.support.measuring import difference
from tests.support.moving import old_and_new
from tests.support.page_facts import PageReader, facts_of_probe, network
from tests.support.places import FIXTURES
from tests.support.probes import CHANNELS, probe, probed
from tests.support.probing import never

WIRINGS = {
    "classic.pb": {"x", "training:0", "Switch", "training", "inference", "Merge", "y", "true, output 1"},
    "tfkeras_if.pb": {"x", "If", "training", "inference", "y"},
    "cond_ema_115.pb": {"x", "moments of x", "moving statistics", "Merge", "normalizes", "y"},
    "dropout_decoy_14.pb": {"x", "moments of x", "moving statistics", "Select", "normalizes", "y"},
    "const_true.pb": {"x", "constant true", "Switch", "training", "inference", "never runs", "y"},
    "fixed_training_fused_2.pb": {"x", "training", "of this batch", "always", "y"},
    "fixed_inference_decomposed_115.pb": {"x", "inference", "always", "y"},
}
"""Fixture -> words of the drawing of its first layer."""
MOST_BOXES = 15


@pytest.mark.parametrize(("model", "words"), WIRINGS.items(), ids=WIRINGS)
def test_every_form_has_its_template(model: str, words: set[str]) -> None:
    drawn = wiring_picture(inspect(load(str(FIXTURES / model))).layers[0])
    said = set(re.findall("<text[^>]*>([^<]*)</text>", drawn))
    assert words <= said
    assert drawn.count("<rect") <= MOST_BOXES
    assert float(re.findall(r'viewBox="0 0 (\d+) ', drawn)[0]) <= 360


def test_the_map_has_a_row_for_each_block() -> None:
    drawn = network_map(facts_of_probe(network(53)), "L")
    assert re.findall('<span class="scope">([^<]*)</span>', drawn) == [f"block{row}/" for row in range(1, 6)]
    assert drawn.count('<a class="c w error"') == 1
    assert drawn.count(" passed") == 45 + 1  # and in the legend
    assert "45 of them fine by themselves" in drawn


def test_the_worst_channels_are_marked() -> None:
    one = probed("bn", 3, stored=never)
    staleness = one.own.staleness if one.own is not None else None
    assert staleness is not None
    expected = np.argsort(-staleness.w)[:3].tolist()
    assert worst_channels(one) == expected
    scatters = channel_pictures(one)[:2]
    for drawn in scatters:
        assert len(set(re.findall("channel ([0-9]+):", drawn))) == 3
        assert f"{CHANNELS} channels" in drawn


def test_a_histogram_holds_every_channel() -> None:
    for drawn in channel_pictures(probed("bn", 3))[2:]:
        assert sum(int(count) for count in re.findall("<title>([0-9]+) channels? from", drawn)) == CHANNELS


def test_scores_of_both_modes_stand_side_by_side() -> None:
    top = Rankings((Ranked(3, 6.5), Ranked(1, -0.5)), (Ranked(1, 9.0), Ranked(3, 0.25)))
    measured = probe(probed("bn", 1), outputs=(OutputDifference(name="logits:0", difference=None, top=top),))
    [card] = both_modes(measured)
    numbers = PageReader(card).numbers
    assert numbers["probe/outputs/0/top/training/0/index"][0].value == "3"
    assert numbers["probe/outputs/0/top/inference/1/value"][0].value == "0.25"
    assert card.count("bar below") == 1


def test_an_output_that_is_a_picture_is_one_in_both_modes() -> None:
    photo = np.full((8, 8, 3), 200, np.uint8)
    ramp = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    seen = SeenImage(
        source="a.png", pixels=photo, outputs={"y:0": (ramp, 5 * ramp), "z:0": (ramp[0], ramp[0])}
    )
    [card] = both_modes(probe(probed("bn", 1), outputs=(), seen=seen))
    images = [b64decode(data) for data in re.findall('base64,([^"]*)', card)]
    assert len(images) == 3
    assert all(data.startswith(b"\x89PNG") for data in images)
    assert card.count("</b>: y:0, 0 to 1.000, clipped</figcaption>") == 2


def test_outputs_that_are_neither_pictures_nor_scores_have_their_differences() -> None:
    seen = SeenImage(source="a.png", pixels=np.zeros((8, 8, 3), np.uint8), outputs={})
    gap = difference(np.array([[1.0], [2.0]]), np.array([[1.5], [2.0]]))
    outputs = (
        OutputDifference(name="x:0", difference=gap),
        OutputDifference(name="k:0", difference=None, agreement=0.25),
    )
    [card] = both_modes(probe(probed("bn", 1), outputs=outputs, seen=seen))
    numbers = PageReader(card).numbers
    assert numbers["probe/outputs/0/max_abs"][0].value == "0.5"
    assert numbers["probe/outputs/1/agreement"][0].value == "0.25"


def test_the_numbers_of_a_patch_are_those_of_json() -> None:
    values = np.arange(4.0).reshape(2, 2)
    patch = Patch(tensor="y:0", slice="0,0:2,0:2,0", training=values, inference=values + 0.5)
    [card] = both_modes(probe(probed("bn", 1), outputs=(), patches=(patch,)))
    numbers = PageReader(card).numbers
    assert numbers["probe/patches/0/training/1/0"][0].value == "2.0"
    assert numbers["probe/patches/0/inference/1/1"][0].value == "3.5"


def test_what_moved_is_that_of_json() -> None:
    old, new = old_and_new()
    held: Any = {"diff": json.loads(dumps(diff_document(compare_reports(old, new))))}
    before = Before(path="old.pb", scores={}, comparison=diff(old, new))
    [card] = before_and_after(facts_of_probe(network(2)), before)
    numbers = PageReader(card).numbers
    assert len(numbers) > 10
    for place, [number] in numbers.items():
        assert (None if number.value is None else float(number.value)) == at(held, place), place


def test_scores_before_and_now_are_drawn() -> None:
    facts = facts_of_probe(network(4))
    names = [layer.name for layer in facts.report.layers]
    scores = {names[0]: (0.7, 0.1), names[1]: (None, 0.2), names[2]: (None, None)}
    [card] = before_and_after(facts, Before(path="old.pb", scores=scores))
    assert card.count(f"{names[0]}: 0.70 to 0.10") == 2  # a wide drawing and a narrow one
    assert card.count(f"{names[1]}: - to 0.20") == 2
    assert f"{names[2]}: " not in card


@pytest.mark.parametrize("low_high", [(0.0, 1.0), (-3.7, 12.1), (1e-6, 3e-6), (1e5, 1.2e5)])
def test_ticks_are_round_and_inside(low_high: tuple[float, float]) -> None:
    ticks = list(Scale(*low_high, 0, 100).ticks())
    assert 2 <= len(ticks) <= 7
    assert all(low_high[0] - 1e-9 <= tick <= low_high[1] * (1 + 1e-9) for tick in ticks)


def test_the_scale_of_scores_grows() -> None:
    scale = ScoreScale(165.0, 200.0, 0.0)
    places = [scale(score) for score in (0, 0.1, 0.3, 0.6, 1, 10, 165, 1e9)]
    assert places[0] == 200
    assert places[-1] == places[-2] == pytest.approx(0)
    assert places == sorted(places, reverse=True)
