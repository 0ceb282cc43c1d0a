"""A page in Chromium without a network: it asks for nothing, says nothing, hides nothing and fits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm.comparison.comparison import diff
from bninspect.commands.check.one_model import Settings
from bninspect.commands.check.result import ModelResult
from bninspect.commands.report.facts import Before
from bninspect.commands.report.report import report_model
from bninspect.measure.facts import OutputDifference, Patch, SeenImage
from bninspect.render.page.document import document
from bninspect.render.page.many import many_models, section, unread
from bninspect.statistics.distance import Ranked, Rankings
from tests.support.moving import old_and_new
from tests.support.page_facts import ORIGIN, facts_of_probe, network, page
from tests.support.places import FIXTURES
from tests.support.probes import output, probe, probed
from tests.support.probing import never

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.measure.facts import Probe
    from tests.render.page.browser.opened import Opened

LONG = "a_name_of_two_hundred_letters/" * 7
HOSTILE = ("<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "x\x1b[31m", "b" * 10_000)
FIXTURE_PAGES = (
    "tfkeras_phase_decomposed_115.pb",
    "classic.pb",
    "cond_ema_115.pb",
    "tfkeras_if.pb",
    "dropout_decoy_14.pb",
    "const_true.pb",
    "mixed_modes.pb",
    "train.meta",
)


@cache
def text_of(name: str) -> str:
    """The page of a network made by hand, or of a fixture without inputs."""
    if name == "stale":
        return page(facts_of_probe(network(53)))
    if name == "many":
        return page(facts_of_probe(network(500)))
    if name == "images":
        return page(replace(facts_of_probe(_with_images()), before=_before()))
    if name == "index":
        facts = [facts_of_probe(network(3)), facts_of_probe(probe(probed("bn", 1)))]
        sections = [section(one, ORIGIN, number) for number, one in enumerate(facts, 1)]
        bad = unread(ModelResult(path="bad.pb", error="bad.pb: no graph"))
        return document("3 models", many_models("3 models: 1 fails; not measured", [*sections, bad]))
    if name == "long":
        return page(facts_of_probe(probe(probed(LONG, 1, stored=never), probed(f"{LONG}2", 2))))
    if name == "hostile":
        layers = (probed(name, seed) for seed, name in enumerate(HOSTILE))
        return page(facts_of_probe(probe(*layers, outputs=(output(0.9, 0.5, name=HOSTILE[0]),))))
    return page(report_model(Settings(path=str(FIXTURES / name))))


def _with_images() -> Probe:
    """A probe with a photo, an output that is a picture, one that is scores, and a patch."""
    ramp = np.linspace(0, 1, 256).reshape(16, 16, 1)
    seen = SeenImage(source="a.png", pixels=255 * ramp, outputs={"y:0": (ramp, ramp**2)})
    top = Rankings((Ranked(3, 6.5), Ranked(1, -0.5)), (Ranked(1, 9.0), Ranked(3, 0.25)))
    patch = Patch(tensor="y:0", slice="0,0:4,0:4,0", training=ramp[:4, :4, 0], inference=ramp[:4, :4, 0])
    one = OutputDifference(name="logits:0", difference=None, top=top)
    return replace(network(6, 2), seen=seen, patches=(patch,), outputs=(one,))


def _before() -> Before:
    old, new = old_and_new()
    names = [layer.name for layer in network(6, 2).report.layers]
    return Before(path="old.pb", scores=dict.fromkeys(names, (0.7, 0.1)), comparison=diff(old, new))


PAGES = ("images", "index", "stale", "many", "long", "hostile", *FIXTURE_PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_for_nothing_and_says_nothing(name: str, opened: Callable[..., Opened]) -> None:
    found = opened(text_of(name))
    assert (found.requests, found.messages) == ([], [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1100, 360])
@pytest.mark.parametrize("name", ["images", "index", "stale", "long", "hostile", *FIXTURE_PAGES])
def test_axe_finds_no_violation(name: str, width: int, dark: bool, opened: Callable[..., Opened]) -> None:
    assert opened(text_of(name), width=width, dark=dark).violations() == []


@pytest.mark.parametrize("width", [1100, 760, 360])
@pytest.mark.parametrize("name", PAGES)
def test_words_cover_no_others_and_nothing_sticks_out(
    name: str, width: int, opened: Callable[..., Opened]
) -> None:
    found = opened(text_of(name), width=width)
    assert found.overlapping() == []
    assert found.outside() == []
    assert found.broken() == []
    assert found.beyond() == []


def test_a_cell_leads_to_the_row_of_its_layer(opened: Callable[..., Opened]) -> None:
    found = opened(text_of("stale"))
    found.page.locator("a.c.error").click()
    assert "unit_8/bn" in found.page.locator("tr:target").inner_text()
    assert found.page.locator("tr:target").is_visible()


def test_the_layers_are_filtered(opened: Callable[..., Opened]) -> None:
    found = opened(text_of("stale"))
    rows = found.page.locator("#Ltable tbody tr")
    assert rows.count() == 53
    found.page.get_by_label("Filter the layers").fill("error")
    assert [row.inner_text().split()[0] for row in rows.all() if row.is_visible()] == ["net/block1/unit_8/bn"]
    assert found.messages == []


def test_without_scripts_everything_is_there(opened: Callable[..., Opened]) -> None:
    found = opened(text_of("stale"), script=False)
    assert not found.page.get_by_label("Filter the layers").is_visible()
    assert found.page.locator("#Ltable tbody tr").last.is_visible()


def test_it_prints_in_light_colours_and_with_all_details(opened: Callable[..., Opened]) -> None:
    found = opened(text_of("stale"), dark=True)
    found.page.emulate_media(media="print")
    assert found.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert found.page.locator("svg").first.is_visible()
    assert found.page.pdf(print_background=True).startswith(b"%PDF")


def test_names_are_inert(opened: Callable[..., Opened]) -> None:
    found = opened(text_of("hostile"))
    assert found.page.locator("img").count() == 0
    assert found.page.locator("script").count() == 1
    assert HOSTILE[0] in found.page.locator("#Ltable").inner_text()


def test_the_checks_find_what_they_look_for(opened: Callable[..., Opened]) -> None:
    bad = (
        "<!doctype html><title>x</title><main><img src='http://127.0.0.1:9/x.png'>"
        "<svg viewBox='0 0 100 20'><text x='1' y='12'>one</text><text x='3' y='12'>two</text></svg>"
        "<div class='wiring'><svg viewBox='0 0 200 40'><rect width='20' height='20'/>"
        "<text class='b' x='0' y='12'>beyond its box</text></svg></div>"
        "<p style='width:9px'><data value='1'>1 2</data></p>"
        "<div style='width:3000px'>wide</div></main><script>console.log('said')</script>"
    )
    found = opened(bad)
    assert found.requests == ["http://127.0.0.1:9/x.png"]
    assert "said" in found.messages
    assert found.overlapping() == ["one | two"]
    assert any("wide" in element for element in found.outside())
    assert found.beyond() == ["beyond its box"]
    assert found.broken() == ["1 2"]
    assert any("image-alt" in violation for violation in found.violations())
