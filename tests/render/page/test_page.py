"""The page as a whole: what it says first, what it weighs, what it may not hold."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from bninspect.commands.report.facts import PageFacts
from bninspect.commands.report.states import LayerState
from bninspect.render.page.document import script
from tests.support.page_facts import STALE, PageReader, facts_of_probe, network, page
from tests.support.probes import output, probe, probed

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "x\x1b[31m\u202e",
    "a" * 10_000,
    "</title></style></svg><script>",
    "&lt;b&gt;",
)
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def stale() -> PageFacts:
    return facts_of_probe(network(53))


def test_the_title_is_the_verdict(stale: PageFacts) -> None:
    text = page(stale)
    guilty = f"net/block1/unit_{STALE + 1}/bn"
    [title] = re.findall("<h1[^>]*>(.*?)</h1>", text)
    assert title == f"The statistics of {guilty} were never updated."
    assert f"<title>model.pb: {title.removesuffix('.')}</title>" in text


def test_fifty_three_layers_are_small_and_the_same_bytes_again(stale: PageFacts) -> None:
    text = page(stale)
    assert text == page(facts_of_probe(network(53)))
    assert len(text.encode()) <= MOST_BYTES


def test_every_layer_is_a_cell_that_leads_to_its_row(stale: PageFacts) -> None:
    read = PageReader(page(stale))
    inner = [link.removeprefix("#") for link in read.links if link.startswith("#")]
    assert len(read.anchors) == len(set(read.anchors))
    assert set(inner) <= set(read.anchors)
    assert sum(link.removeprefix("L").isdecimal() for link in inner) == 53


def test_four_states_are_told_apart() -> None:
    layers = [probed(name, seed) for seed, name in enumerate(("a", "b", "c", "d"))]
    facts = facts_of_probe(probe(*layers))
    standings = ("fine", "error", "inconclusive", "not judged")
    states = {
        layer.name: LayerState(standing=standing)  # type: ignore[arg-type]
        for layer, standing in zip(facts.report.layers, standings, strict=True)
    }
    told = PageFacts(
        report=facts.report, probe=facts.probe, result=facts.result, groups=facts.groups, states=states
    )
    text = page(told)
    cells = re.findall(r'<a class="c \w ([^"]*)" href="#L\d"', text)
    assert cells == ["fine", "error", "inconclusive", "notjudged"]
    for words in ("1 layer wrong", "1 layer fine", "1 layer inconclusive", "1 layer not judged"):
        assert words in PageReader(text).text


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_never_markup(name: str) -> None:
    plain = PageReader(page(facts_of_probe(probe(probed("plain", 1), outputs=(output(0.1, name="plain"),)))))
    text = page(facts_of_probe(probe(probed(name, 1), outputs=(output(0.1, name=name),))))
    read = PageReader(text)
    assert read.tags == plain.tags
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert len(text) < 12 * len(name) + 60_000


def test_the_policy_names_the_hash_of_the_script(stale: PageFacts) -> None:
    digest = b64encode(sha256(script().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    text = page(stale)
    assert policy.replace("'", "&#x27;") in text
    assert text.count("<script>") == 1
    assert f"<script>{script()}</script>" in text
    assert not re.search(r"https?://", text)


def test_a_fix_stands_alone_to_be_copied(stale: PageFacts) -> None:
    [fix] = [one.fix for one in stale.groups if one.code == "BN201"]
    assert fix is not None
    assert fix.startswith("bninspect refresh model.pb ")
    assert f"<pre>{fix}</pre>" in page(stale)
