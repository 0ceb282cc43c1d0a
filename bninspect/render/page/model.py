"""One model on a page: its pictures and tables in order, without those for which there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.errors import GraphDefError
from bninspect.render.page.converters import converters_card
from bninspect.render.page.findings import findings, footer, not_judged
from bninspect.render.page.headline import head, headline
from bninspect.render.page.layers import layer_table
from bninspect.render.page.markup import Html, shortened, tag
from bninspect.render.page.numbers import Places, datum
from bninspect.render.page.pictures.before import before_and_after
from bninspect.render.page.pictures.channels import channel_pictures, stored_pictures, worst_channels
from bninspect.render.page.pictures.depth import error_over_depth, variances_over_depth
from bninspect.render.page.pictures.modes import both_modes
from bninspect.render.page.pictures.network import network_map
from bninspect.render.page.pictures.wiring import wiring_picture
from bninspect.render.page.wired import alike, wiring_list
from bninspect.text import short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.commands.report.facts import PageFacts
    from bninspect.commands.report.origin import Origin
    from bninspect.measure.facts import ProbedLayer

_NEAR = 3
"""Layers that are shown channel by channel."""
_MOST_WIRINGS = 4


def model_title(facts: PageFacts) -> str:
    """What a browser calls the page."""
    return f"{facts.report.graph.graphdef.path}: {headline(facts)}"


def model_section(
    facts: PageFacts, origin: Origin, *, prefix: str = "L", level: str = "h1"
) -> Iterator[Html]:
    """The elements of one model's page. `prefix` makes its anchors unique among several models."""
    yield head(facts, prefix, level)
    if facts.report.layers:
        yield from _titled("Map of the network", tag("div", network_map(facts, prefix), class_="card"))
        yield from scores_before(facts)
        yield from depth(facts)
        yield from _wirings(facts)
        yield from _channels(facts)
        yield from _modes(facts)
    cards = findings(facts)
    if cards:
        yield tag("h2", "Findings", id=f"{prefix}findings")
        yield from cards
    if facts.forecasts:
        yield from _titled("What converters make of it", converters_card(facts))
    if facts.report.layers:
        yield from _titled("All layers", layer_table(facts, prefix))
    left = not_judged(facts)
    if left:
        yield from _titled("Not judged", tag("div", tag("ul", *left, class_="plain"), class_="card small"))
    yield footer(facts, origin)


def _titled(title: str, *inside: Html) -> Iterator[Html]:
    yield tag("h2", title)
    yield from inside


def depth(facts: PageFacts) -> Iterator[Html]:
    """Where it begins; without a run, the stored variances."""
    measured = error_over_depth(facts)
    if measured is not None:
        note = (
            "Bars: own error, with every layer in training mode, so that nothing before it can spoil it. "
            "Line: error as deployed, with every layer in inference mode."
        )
        title = "Where it begins" if facts.focus else "Error over depth"
        yield from _titled(title, tag("div", measured, tag("p", note, class_="dim small"), class_="card"))
        return
    stored = variances_over_depth(facts)
    if stored is not None:
        note = "From the smallest to the largest moving variance of each layer, from the input to the output."
        yield from _titled(
            "Stored variances", tag("div", stored, tag("p", note, class_="dim small"), class_="card")
        )


def near(facts: PageFacts) -> list[BatchNorm]:
    """The layers to look at from near: the wrong ones, else the first."""
    names = facts.focus[:_NEAR]
    wrong = [layer for name in names for layer in facts.report.layers if layer.name == name]
    return wrong or list(facts.report.layers[:1])


def _wirings(facts: PageFacts) -> Iterator[Html]:
    """How the layers are wired: one drawing for all that are wired alike, the wrong ones first."""
    first = near(facts)
    groups = alike(first, facts.report.layers)
    for layer, others in groups[:_MOST_WIRINGS]:
        same = f" (and {others:,} more, wired alike)" if others else ""
        inside = tag("div", wiring_picture(layer), wiring_list(layer), class_="wiring")
        yield from _titled(
            f"How {shortened(layer.name, 120)} is wired{same}", tag("div", inside, class_="card")
        )


def _channels(facts: PageFacts) -> Iterator[Html]:
    probed = facts.probed
    places = Places(facts)
    for layer in near(facts):
        one = probed.get(layer.name)
        name = shortened(layer.name, 120)
        pictures = [] if one is None else channel_pictures(one)
        if one is not None and pictures:
            worst = _worst(one, places)
            yield from _titled(f"{name}, channel by channel", worst, *_cards(pictures))
        elif one is None and layer.statistics.values is not None:
            try:
                mean, variance = layer.statistics.values.numbers()
            except GraphDefError:
                continue
            yield from _titled(f"{name}, its stored statistics", *_cards(stored_pictures(mean, variance)))


def _modes(facts: PageFacts) -> Iterator[Html]:
    cards = [] if facts.probe is None else both_modes(facts.probe)
    if cards:
        yield from _titled("Both modes of an image", *cards)


def scores_before(facts: PageFacts) -> Iterator[Html]:
    cards = [] if facts.before is None else before_and_after(facts, facts.before)
    if facts.before is not None and cards:
        yield from _titled(f"Before and after: {shortened(facts.before.path)} and this model", *cards)


def _cards(pictures: list[Html]) -> Iterator[Html]:
    cards = [tag("div", tag("div", one, class_="plot"), class_="card") for one in pictures]
    yield tag("div", *cards, class_="two")


def _worst(one: ProbedLayer, places: Places) -> Html:
    """The worst channel in numbers, and the next ones by theirs."""
    staleness = one.own_staleness
    if staleness is None or staleness.worst is None:
        return Html()
    worst, at = staleness.worst, places.probe(one.layer.name, "own/worst")
    numbers = []
    for name, term in (("d", "d"), ("r", "r"), ("W", "w")):
        value: float = getattr(worst, term)
        numbers += [f", {name} ", datum(value, f"{at}/{term}", short(value))]
    channel = datum(worst.channel, f"{at}/channel", str(worst.channel))
    others = ", ".join(map(str, worst_channels(one)[1:]))
    then = f"; next: {others}" if others else ""
    return tag("p", "The worst channel is ", channel, *numbers, f"{then}.", class_="dim")
