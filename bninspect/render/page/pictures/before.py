"""Picture 6, before and after: own score of each layer in the older file and in the model, and what moved.

A score says how far stored statistics are from those of the images. It claims nothing of accuracy.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.batchnorm.comparison.comparison import Verdict
from bninspect.render.page.markup import Html, place, shortened, table, tag
from bninspect.render.page.numbers import NOT_MEASURED, datum
from bninspect.render.page.pictures.over_depth import (
    HEIGHT,
    columns,
    layer_names,
    score_lines,
    score_scale,
    twice,
)
from bninspect.render.page.pictures.scales import drawing
from bninspect.statistics.thresholds import SURE
from bninspect.text import layer_score, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.comparison.comparison import Comparison, LayerMove
    from bninspect.commands.refresh.estimates import Certainty
    from bninspect.commands.report.facts import Before, PageFacts
    from bninspect.render.page.pictures.scales import ScoreScale

_SAYS = "Own score of each layer before (open) and now (filled). It is no accuracy: measure that."
_SURE = (
    "Standard error of the new statistics, of the least sure layer, in its standard deviations: how far the "
    f"choice of images leaves them off those of all images. {SURE:g} is enough."
)


def before_and_after(facts: PageFacts, before: Before) -> list[Html]:
    """A card with the scores, as far as there are any, one of how sure they are, and one of what moved."""
    cards = []
    if any(_known(pair) for pair in before.scores.values()):
        picture = twice(lambda width: _scores(facts, before, width))
        cards.append(tag("div", picture, tag("p", _SAYS, class_="dim small"), class_="card"))
    if before.curve:
        cards.append(_certainty(before.curve))
    if before.comparison is not None:
        cards.append(_moves(before.comparison))
    return cards


def _certainty(curve: Sequence[Certainty]) -> Html:
    """How the standard error of the new statistics fell with the images."""
    heads = [("images", ""), ("standard error", ""), ("layer", "l")]
    rows = [
        tag(
            "tr",
            tag("td", f"{one.images:,}"),
            tag("td", f"{one.error:.2g}"),
            tag("td", one.layer, class_="l"),
        )
        for one in curve
    ]
    return tag("div", table(heads, rows), tag("p", _SURE, class_="dim small"), class_="card")


def _known(pair: tuple[float | None, float | None]) -> list[float]:
    return [score for score in pair if score is not None and math.isfinite(score)]


def _scores(facts: PageFacts, before: Before, width: float) -> Html:
    """One column a layer: an open circle before, a filled one now, and the way between them."""
    names = [layer.name for layer in facts.report.layers]
    pairs = [before.scores.get(name, (None, None)) for name in names]
    y = score_scale(score for pair in pairs for score in _known(pair))
    step, centres = columns(len(names), width)
    size = min(5.0, max(step * 0.36, 1.6))
    parts = [score_lines(y, width)]
    for name, pair, at in zip(names, pairs, centres, strict=True):
        words = " to ".join(NOT_MEASURED if score is None else layer_score(score) for score in pair)
        marks = list(_marks(pair, at, y, size))
        if marks:
            parts.append(tag("g", tag("title", f"{shortened(name, 100)}: {words}"), *marks))
    parts.append(layer_names(facts, names, centres, width, "wrong:"))
    return drawing(width, HEIGHT, "Own score of each layer before and now", *parts)


def _marks(pair: tuple[float | None, float | None], at: float, y: ScoreScale, size: float) -> Iterator[Html]:
    old, new = (None if score is None or not math.isfinite(score) else y(score) for score in pair)
    if old is not None and new is not None:
        yield tag("path", d=f"M{place(at)} {place(old)}V{place(new)}", stroke="var(--none)", stroke_width=2)
    if old is not None:
        yield tag("circle", cx=at, cy=old, r=size, fill="var(--card)", stroke="var(--ink)", stroke_width=1.6)
    if new is not None:
        yield tag("circle", cx=at, cy=new, r=size, fill="var(--ink)")


def _moves(comparison: Comparison) -> Html:
    """How far weights, gamma, beta and statistics of each layer moved."""
    heads = [
        ("layer", "l"),
        ("weights", ""),
        ("gamma", "less"),
        ("beta", "less"),
        ("statistics", ""),
        ("what moved", "l"),
    ]
    rows = [_row(move, f"diff/layers/{index}") for index, move in enumerate(comparison.layers)]
    words = (
        "Weights, gamma, beta: size of the change over size of the values. Statistics: how far mean and "
        "variance moved, in standard deviations of the older file."
    )
    return tag("div", table(heads, rows), tag("p", words, class_="dim small"), class_="card")


def _row(move: LayerMove, at: str) -> Html:
    cells = [tag("td", tag("span", move.name, class_="name"))]
    for field in ("weights", "gamma", "beta"):
        change = getattr(move, field)
        moved = None if change is None else change.relative
        words = NOT_MEASURED if moved is None else short(moved)
        inside = NOT_MEASURED if change is None else datum(moved, f"{at}/{field}/relative_l2", words)
        cells.append(tag("td", inside, class_=None if field == "weights" else "less"))
    moved = move.statistics.rms_w
    words = NOT_MEASURED if moved is None else short(moved)
    cells.append(tag("td", datum(moved, f"{at}/statistics/w", words)))
    look = "l error" if move.verdict is Verdict.STALE else "l"
    cells.append(tag("td", move.verdict.value, class_=look))
    return tag("tr", *cells)
