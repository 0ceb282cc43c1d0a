"""Numbers on a page: rounded for the eye, exact beside it, each with its place in the documents of
`--format json`.

`<data value="0.5999" data-at="probe/layers/2/own/score">0.60</data>`: a program reads the page back, and a
test does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, tag
from bninspect.text import layer_score

if TYPE_CHECKING:
    from bninspect.commands.report.facts import PageFacts

NOT_MEASURED = "-"


class Places:
    """Where a layer's numbers stand in the documents of its model."""

    def __init__(self, facts: PageFacts) -> None:
        self._graph = {layer.name: index for index, layer in enumerate(facts.report.layers)}
        self._probe = {name: index for index, name in enumerate(facts.probed)}

    def graph(self, layer: str, field: str) -> str:
        """The place in the document of `graph`."""
        return f"graph/layers/{self._graph[layer]}/{field}"

    def probe(self, layer: str, field: str) -> str:
        """The place in the document of `probe`."""
        return f"probe/layers/{self._probe[layer]}/{field}"


def datum(value: float | None, at: str, shown: str | None = None) -> Html:
    """A number as a person reads it, with its exact value; `-` where it was not measured or is not finite,
    which is null in JSON.
    """
    if value is None or not math.isfinite(value):
        return tag("span", NOT_MEASURED if shown is None else shown, data_at=at)
    return tag("data", layer_score(value) if shown is None else shown, value=repr(value), data_at=at)
