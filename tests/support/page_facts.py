"""Facts of pages made by hand, and pages as a program reads them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple

from bninspect.commands.check.one_model import Settings
from bninspect.commands.report.facts import page_facts
from bninspect.commands.report.origin import Origin
from bninspect.inputs.request import Request
from bninspect.render.page.document import document
from bninspect.render.page.model import model_section, model_title
from bninspect.rules import Case
from tests.support.probes import output, probe, probed, rewritable
from tests.support.probing import never

if TYPE_CHECKING:
    from bninspect.commands.report.facts import PageFacts
    from bninspect.measure.facts import Probe

ORIGIN = Origin(versions={"bninspect": "1.2.3"}, command="bninspect report model.pb -o page.html")
STALE = 7
"""Number of the layer whose statistics were never updated, from 0."""


def network(layers: int, stale: int = STALE, **changes: Any) -> Probe:
    """A probe of a network of blocks, in which one layer was never updated and those behind it inherit."""
    measured = [
        probed(
            f"net/block{index // 12 + 1}/unit_{index % 12 + 1}/bn",
            index,
            stored=never if index == stale else lambda given: (given.mean, given.variance),
            inherits=0.0 if index <= stale else 0.5,
        )
        for index in range(layers)
    ]
    return probe(*measured, outputs=(output(0.8, 0.75),), **changes)


def facts_of_probe(measured: Probe) -> PageFacts:
    """What a page tells of a probe."""
    settings = Settings(path="model.pb", select=("BN2", "BN4"))
    case = Case(report=measured.report, probe=measured, request=Request(images=("photos",)))
    with rewritable(measured.report):
        return page_facts(settings, case)


def page(facts: PageFacts) -> str:
    """The page of one model."""
    return document(model_title(facts), model_section(facts, ORIGIN))


class Number(NamedTuple):
    """A number as the page has it."""

    value: str | None
    """The exact one; None where the page says that it was not measured."""
    shown: str


class PageReader(HTMLParser):
    """A page read back."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.numbers: dict[str, list[Number]] = {}
        """Place in the documents of JSON -> the numbers of that place."""
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._open: tuple[str, str | None] | None = None
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        """What a person reads, without pictures' coordinates."""
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("href"):
            self.links.append(str(given["href"]))
        if given.get("id"):
            self.anchors.append(str(given["id"]))
        if given.get("data-at"):
            self._open = (str(given["data-at"]), given.get("value"))
            self.numbers.setdefault(self._open[0], [])

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] not in (["style"], ["script"]):
            self.words.append(data)
        if self._open is not None:
            at, value = self._open
            self.numbers[at].append(Number(value, data))
            self._open = None
