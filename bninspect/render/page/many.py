"""Many models on one page: an index with a line for each, and a section for each that could be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.render.page.headline import headline, standing
from bninspect.render.page.markup import Html, shortened, tag
from bninspect.render.page.model import model_section
from bninspect.text import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.commands.check.result import ModelResult
    from bninspect.commands.report.facts import PageFacts
    from bninspect.commands.report.origin import Origin


@frozen_dataclass
class Section:
    """One model, as it stands on the page: its graph is not held any more."""

    path: str
    look: str
    word: str
    """Class and word of its pill."""
    says: str
    """Its verdict, or why it could not be read."""
    anchor: str
    inside: Html
    """Empty for a model that could not be read."""


def section(facts: PageFacts, made: Origin, number: int) -> Section:
    """The section of a model that was judged."""
    look, word = standing(facts)
    anchor = f"M{number}"
    parts = model_section(facts, made, prefix=f"{anchor}L", level="h2")
    inside = tag("section", *parts, id=anchor)
    path = facts.report.graph.graphdef.path
    return Section(path=path, look=look, word=word, says=headline(facts), anchor=anchor, inside=inside)


def unread(result: ModelResult) -> Section:
    """The line of a model that could not be read."""
    return Section(
        path=result.path,
        look="error",
        word="not read",
        says=(result.error or "it could not be read").removeprefix(f"{result.path}: "),
        anchor="",
        inside=Html(),
    )


def many_models(title: str, sections: Sequence[Section]) -> Iterator[Html]:
    """The elements of the page; of the title the first clause stands alone."""
    head, _, rest = title.partition("; ")
    yield tag("h1", f"{head}.")
    if rest:
        yield tag("p", f"{sentence(rest)}.", class_="sub")
    yield tag("ul", *map(_line, sections), class_="index card")
    for one in sections:
        if one.inside:
            yield one.inside


def _line(one: Section) -> Html:
    name = tag("span", shortened(one.path), class_="name")
    linked = tag("a", name, href=f"#{one.anchor}") if one.inside else name
    pill = tag("span", one.word, class_=f"pill {one.look}")
    return tag("li", tag("span", pill), linked, tag("span", shortened(one.says)))
