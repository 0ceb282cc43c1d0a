"""All layers as a table, a row each: mode, statistics, own error and error as deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, shortened, tag
from bninspect.render.page.numbers import NOT_MEASURED, Places, datum
from bninspect.render.page.pictures.network import mode_words, state_class
from bninspect.text import as_written

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.commands.report.facts import PageFacts
    from bninspect.measure.facts import LayerMeasurement, ProbedLayer

_FEW = 12
"""Layers up to which a box to filter them is of no use."""


def layer_table(facts: PageFacts, prefix: str) -> Html:
    """The table, the box that filters it, and the anchors that the map links to."""
    path = shortened(facts.report.graph.graphdef.path)
    places = Places(facts)
    probed = {one.layer.name: one for one in (() if facts.probe is None else facts.probe.layers)}
    measured = bool(probed)
    heads = [
        ("layer", "l"),
        ("mode", "l less"),
        ("statistics", "l less"),
        ("channels", "less"),
        ("epsilon", "less"),
        *([("own", ""), ("deployed", ""), ("values", "less")] if measured else []),
        ("state", ""),
    ]
    rows = [
        _row(facts, layer, probed.get(layer.name), places, f"{prefix}{number}", measured=measured)
        for number, layer in enumerate(facts.report.layers, 1)
    ]
    table = tag(
        "table",
        tag(
            "thead", tag("tr", *(tag("th", title, class_=look or None, scope="col") for title, look in heads))
        ),
        tag("tbody", *rows),
        id=f"{prefix}table",
    )
    parts = [tag("div", table, class_="tables", tabindex="0")]
    if len(rows) > _FEW:
        label = {
            "aria_label": f"Filter the layers of {path}",
            "placeholder": "filter: a name, a mode, a state",
        }
        box = tag("input", type="search", data_filter=f"{prefix}table", **label)
        parts.insert(0, tag("div", box, hidden=True))
    return tag("div", *parts, class_="card")


def _row(
    facts: PageFacts,
    layer: BatchNorm,
    one: ProbedLayer | None,
    places: Places,
    anchor: str,
    *,
    measured: bool,
) -> Html:
    state = facts.states[layer.name]
    look = {"training": "l less training", "inference": "l less inference"}.get(layer.mode.value, "l less")
    cells = [
        tag("td", tag("span", layer.name, class_="name")),
        tag("td", mode_words(layer), class_=look),
        tag("td", layer.statistics.state.value, class_="l less"),
        tag("td", _plain(layer.channels, places.graph(layer.name, "channels")), class_="less"),
        tag("td", _plain(as_written(layer.epsilon), places.graph(layer.name, "epsilon")), class_="less"),
    ]
    if measured:
        cells += [
            tag("td", _score(None if one is None else one.own, layer.name, "own", places)),
            tag("td", _score(None if one is None else one.deployed, layer.name, "deployed", places)),
            tag("td", _values(one, places), class_="less"),
        ]
    says = f"{state.standing} itself, inherits" if state.inherits is not None else state.standing
    codes = f" {' '.join(state.codes)}" if state.codes else ""
    cells.append(
        tag("td", f"{says}{codes}", class_="warning" if state.inherits is not None else state_class(state))
    )
    return tag("tr", *cells, id=anchor)


def _plain(value: float | None, at: str) -> Html:
    return datum(value, at, NOT_MEASURED if value is None else f"{value:.7g}")


def _values(one: ProbedLayer | None, places: Places) -> str:
    if one is None:
        return NOT_MEASURED
    return datum(one.values, places.probe(one.layer.name, "values"), f"{one.values:,}")


def _score(measured: LayerMeasurement | None, name: str, which: str, places: Places) -> str:
    if measured is None or measured.staleness is None:
        return NOT_MEASURED
    return datum(measured.staleness.score, places.probe(name, f"{which}/score"))
