"""All layers as a table, a row each: mode, statistics, own error and error as deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, shortened, table, tag
from bninspect.render.page.numbers import NOT_MEASURED, Places, datum
from bninspect.render.page.pictures.network import mode_words, state_class
from bninspect.text import as_written

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.commands.report.facts import PageFacts
    from bninspect.measure.facts import ProbedLayer
    from bninspect.statistics.staleness import Staleness

_FEW = 12
"""Layers up to which a box to filter them is of no use."""


def layer_table(facts: PageFacts, prefix: str) -> Html:
    """The table, the box that filters it, and the anchors that the map links to."""
    path = shortened(facts.report.graph.graphdef.path)
    places = Places(facts)
    probed = facts.probed
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
    parts = [table(heads, rows, name=f"{prefix}table")]
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
        own, deployed = (None, None) if one is None else (one.own_staleness, one.deployed_staleness)
        cells += [
            tag("td", _score(own, layer.name, "own", places)),
            tag("td", _score(deployed, layer.name, "deployed", places)),
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


def _score(found: Staleness | None, name: str, which: str, places: Places) -> str:
    if found is None:
        return NOT_MEASURED
    return datum(found.score, places.probe(name, f"{which}/score"))
