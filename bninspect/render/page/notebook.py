"""The pictures of a page in a notebook: a frame of its own, so that the styles of the two do not meet."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from bninspect.render.page.document import document
from bninspect.render.page.markup import Html, tag
from bninspect.render.page.model import depth, near, scores_before
from bninspect.render.page.pictures.network import network_map
from bninspect.render.page.pictures.wiring import wiring_picture
from bninspect.render.page.wired import wiring_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.report.facts import PageFacts

_MOST_LAYERS = 500
"""Layers of a model above which a notebook shows its table alone."""
_HEIGHT = 620


def pictures(facts: PageFacts) -> str:
    """The frame as HTML; empty for a model without layers, and for one with very many."""
    if not 0 < len(facts.report.layers) <= _MOST_LAYERS:
        return ""
    whole = document("batch norm", _pictures(facts), scripted=False)
    style = f"width:100%;height:{_HEIGHT}px;border:0"
    return f'<iframe title="pictures" sandbox="" style="{style}" srcdoc="{escape(whole)}"></iframe>'


def _pictures(facts: PageFacts) -> Iterator[Html]:
    """The map, what came before, the error over depth, and how a layer is wired."""
    yield tag("div", network_map(facts, "L", linked=False), class_="card")
    yield from scores_before(facts)
    yield from depth(facts)
    [layer] = near(facts)[:1]
    yield tag("h2", f"How {layer.name} is wired")
    inside = tag("div", wiring_picture(layer), wiring_list(layer), class_="wiring")
    yield tag("div", inside, class_="card")
