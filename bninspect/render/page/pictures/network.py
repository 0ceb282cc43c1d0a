"""Picture 1, the map of the network: a cell for each layer in graph order, coloured by its state, and on its
edge by its mode.

A cell is a link to its layer. Rows are the scopes that follow one another, where these are few.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from bninspect.commands.report.states import own_scores
from bninspect.render.page.markup import Html, shortened, tag
from bninspect.text import common_scope, counted, layer_score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.commands.report.facts import PageFacts
    from bninspect.commands.report.states import LayerState

_FEW, _MANY = 16, 120
"""Layers up to which cells have names, and from which they are small."""
_MOST_ROWS = 12
_SIGNS = {
    "fine": "•",
    "note": "i",
    "warning": "!",
    "error": "!",
    "inconclusive": "?",
    "not judged": "",
}
_BANDS = {"training": "t", "inference": "i", "switched": "w"}
_MEANING = {
    "error": "wrong",
    "warning": "wrong, a warning",
    "note": "a note",
    "fine": "fine",
    "inconclusive": "inconclusive: these images do not tell",
    "not judged": "not judged: nothing was measured",
}
"""State -> what the legend says of it."""
_MODES = {"switched": "switched", "training": "always training", "inference": "always inference"}


def network_map(facts: PageFacts, prefix: str, *, linked: bool = True) -> Html:
    """The map and its legend; `prefix` stands before the number of a layer in what a cell links to, where
    there is a table to lead to.
    """
    layers = facts.report.layers
    scores = own_scores(facts.probe)
    rows: list[Html] = []
    named, small, number = len(layers) <= _FEW, len(layers) > _MANY, 0
    shared = len(common_scope([layer.name for layer in layers]))
    for scope, members in _rows(layers):
        cells = []
        for layer in members:
            number += 1
            link = f"#{prefix}{number}" if linked else None
            name = shortened(layer.name[shared:] or layer.name, 24) if named else None
            cells.append(
                _cell(layer, facts.states[layer.name], scores.get(layer.name), link, name, small=small)
            )
        rows += [tag("span", shortened(scope, 60), class_="scope"), tag("div", *cells, class_="cells")]
    size = "map few" if named else "map many" if small else "map"
    return tag("div", tag("div", *rows, class_=size), _legend(facts))


def state_class(state: LayerState) -> str:
    """The state as a name of the style sheet."""
    return state.standing.replace(" ", "")


def mode_words(layer: BatchNorm) -> str:
    """How it comes to its mode, in a word or two."""
    return _MODES[layer.mode.value]


def _rows(layers: Sequence[BatchNorm]) -> Iterator[tuple[str, list[BatchNorm]]]:
    """(scope, its layers in a row): by the scope below the one that all share, where that makes few rows."""
    shared = len(common_scope([layer.name for layer in layers]))

    def scope(layer: BatchNorm) -> str:
        head, slash, _ = layer.name[shared:].partition("/")
        return head + slash if slash else head

    rows = [(name, list(members)) for name, members in groupby(layers, scope)]
    if len(layers) > _FEW and 1 < len(rows) <= _MOST_ROWS and len(rows) * 2 <= len(layers):
        return iter(rows)
    return iter([(layers[0].name[:shared], list(layers))])


def _cell(
    layer: BatchNorm,
    state: LayerState,
    score: float | None,
    link: str | None,
    name: str | None,
    *,
    small: bool,
) -> Html:
    """One layer: its score where it is wrong, else a sign; all of it in words where a pointer rests."""
    sign = _SIGNS[state.standing]
    if state.is_wrong and score is not None and len(layer_score(score)) <= 5 and not small:
        sign = layer_score(score)
    elif state.inherits is not None:
        sign = "↓"
    names = ["c", _BANDS[layer.mode.value], state_class(state)]
    if state.inherits is not None:
        names.append("passed")
    inside = (sign,) if name is None else (name, tag("b", sign))
    return tag(
        "a" if link else "span", *inside, class_=" ".join(names), href=link, title=_told(layer, state, score)
    )


def _told(layer: BatchNorm, state: LayerState, score: float | None) -> str:
    """`bn3: error, own score 0.60, switched`."""
    parts = [state.standing, *([] if score is None else [f"own score {layer_score(score)}"])]
    if state.inherits is not None:
        parts.append(f"inherits from {shortened(state.inherits, 80)}")
    return f"{shortened(layer.name, 160)}: {', '.join([*parts, mode_words(layer)])}"


def _legend(facts: PageFacts) -> Html:
    """What occurs, with its sign and how many layers there are of it."""
    states = list(facts.states.values())
    items = []
    for standing, meaning in _MEANING.items():
        count = sum(state.standing == standing for state in states)
        if count:
            swatch = tag(
                "span", _SIGNS[standing], class_=f"c {standing.replace(' ', '')}", aria_hidden="true"
            )
            items.append(tag("li", swatch, f"{counted(count, 'layer')} {meaning}"))
    passed = [state.standing for state in states if state.inherits is not None]
    if passed:
        swatch = tag("span", "↓", class_="c fine passed", aria_hidden="true")
        alone = "itself" if len(passed) == 1 else "themselves"
        fine = f"fine by {alone}, " if set(passed) == {"fine"} else ""
        items.append(tag("li", swatch, f"{len(passed):,} of them {fine}wrong by what comes before"))
    modes = [layer.mode.value for layer in facts.report.layers]
    for mode, band in _BANDS.items():
        if mode in modes:
            swatch = tag("span", class_=f"c {band}", aria_hidden="true")
            items.append(tag("li", swatch, f"{modes.count(mode):,} {_MODES[mode]}"))
    return tag("ul", *items, class_="legend")
