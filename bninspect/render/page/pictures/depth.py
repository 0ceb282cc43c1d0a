"""Picture 4, over the depth of the network: own error beside the error as deployed; where nothing was run,
the stored variances.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, joined, place, shortened, tag
from bninspect.render.page.pictures.over_depth import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    columns,
    layer_names,
    score_lines,
    score_scale,
    twice,
)
from bninspect.render.page.pictures.scales import Scale, drawing, short_tick
from bninspect.text import layer_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.layer import StoredStatistics
    from bninspect.commands.report.facts import PageFacts
    from bninspect.measure.facts import ProbedLayer
    from bninspect.statistics.staleness import Staleness

_FEWEST = 2
_COLOURS = {
    "error": "var(--error)",
    "warning": "var(--warn-soft)",
    "note": "var(--note)",
    "fine": "var(--fine)",
}


def error_over_depth(facts: PageFacts) -> Html | None:
    """Own error as bars, as deployed as a line; None where no layer was compared with its images."""
    layers = [] if facts.probe is None else in_graph_order(facts, facts.probe.layers)
    if not any(map(_scores, layers)):
        return None
    return twice(lambda width: _errors(facts, layers, width))


def variances_over_depth(facts: PageFacts) -> Html | None:
    """Smallest to largest stored variance of each layer; None where fewer than two have positive ones."""
    ranges = [_variances(layer.statistics.values) for layer in facts.report.layers]
    if sum(one is not None for one in ranges) < _FEWEST:
        return None
    return twice(lambda width: _stored(facts, ranges, width))


def in_graph_order(facts: PageFacts, layers: Sequence[ProbedLayer]) -> list[ProbedLayer]:
    """The layers as the graph has them, however they are sorted for a person."""
    order = {layer.name: index for index, layer in enumerate(facts.report.layers)}
    return sorted(layers, key=lambda one: order.get(one.layer.name, 0))


def _score(staleness: Staleness | None) -> float | None:
    """The score; infinite where the stored numbers are broken, None where there is none."""
    if staleness is None:
        return None
    return math.inf if staleness.score is None and staleness.verdict == "error" else staleness.score


def _scores(one: ProbedLayer) -> list[float]:
    """Own and as deployed, as far as there are any."""
    both = (_score(one.own_staleness), _score(one.deployed_staleness))
    return [score for score in both if score is not None]


def _errors(facts: PageFacts, layers: Sequence[ProbedLayer], width: float) -> Html:
    y = score_scale(score for one in layers for score in _scores(one))
    step, centres = columns(len(layers), width)
    parts = [score_lines(y, width)]
    bar = min(step * 0.66, 46.0)
    for one, at in zip(layers, centres, strict=True):
        score = _score(one.own_staleness)
        if score is not None:
            parts.append(_bar(facts, one, at, bar, y(score), y(0)))
    line = [
        (at, y(score))
        for one, at in zip(layers, centres, strict=True)
        if (score := _score(one.deployed_staleness)) is not None
    ]
    parts.append(_line(line, dots=step >= 9))
    parts.append(layer_names(facts, [one.layer.name for one in layers], centres, width))
    title = "Own error of each layer as bars, error as deployed as a line, from the input to the output"
    return drawing(width, HEIGHT, title, *parts)


def _bar(facts: PageFacts, one: ProbedLayer, at: float, width: float, top: float, bottom: float) -> Html:
    """The own error of one layer, in the colour of its state."""
    state = facts.states[one.layer.name]
    colour = _COLOURS.get(state.standing, "var(--none)")
    width = max(width, 3.0) if state.is_wrong else width
    own, deployed = _told(one.own_staleness), _told(one.deployed_staleness)
    words = f"{shortened(one.name, 100)}: own {own}, deployed {deployed}"
    shape = tag(
        "rect",
        x=at - width / 2,
        y=min(top, bottom - 2),
        width=width,
        height=max(bottom - top, 2),
        fill=colour,
    )
    return tag("g", tag("title", words), shape)


def _told(staleness: Staleness | None) -> str:
    score = _score(staleness)
    return layer_score(score) if score is not None and math.isfinite(score) else "not measured"


def _line(points: Sequence[tuple[float, float]], *, dots: bool) -> Html:
    """The errors as deployed."""
    if not points:
        return Html()
    way = " ".join(f"{place(x)},{place(y)}" for x, y in points)
    parts = [tag("polyline", points=way, fill="none", stroke="var(--ink)", stroke_width=1.6)]
    if dots:
        parts += [
            tag("circle", cx=x, cy=y, r=3.2, fill="var(--card)", stroke="var(--ink)", stroke_width=1.6)
            for x, y in points
        ]
    return joined(parts)


def _variances(held: StoredStatistics | None) -> tuple[float, float] | None:
    low, high = (None, None) if held is None else held.variance_range
    return None if low is None or high is None or low < 0 or high <= 0 else (low, high)


def _stored(facts: PageFacts, ranges: Sequence[tuple[float, float] | None], width: float) -> Html:
    known = [one for one in ranges if one is not None]
    floor = min([low for low, _ in known if low > 0] + [high for _, high in known])
    logs = [math.log10(max(value, floor)) for one in known for value in one]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    y = Scale(low, max(high, low + 1), HEIGHT - BOTTOM, TOP)
    step, centres = columns(len(ranges), width)
    parts = [tag("text", "variance", x=LEFT - 8, y=TOP - 12, text_anchor="end", class_="s")]
    every = max(1, math.ceil((y.high - y.low) / 8))
    for power in range(int(y.low), int(y.high) + 1, every):
        at = y(power)
        parts.append(tag("line", x1=LEFT, x2=width - RIGHT, y1=at, y2=at, stroke="var(--line)"))
        parts.append(
            tag("text", short_tick(10.0**power), x=LEFT - 8, y=at + 4, text_anchor="end", class_="s")
        )
    bar = min(max(step * 0.5, 2), 14)
    names = [layer.name for layer in facts.report.layers]
    for name, one, at in zip(names, ranges, centres, strict=True):
        if one is None:
            continue
        top, bottom = (y(math.log10(max(value, floor))) for value in reversed(one))
        colour = _COLOURS.get(facts.states[name].standing, "var(--infer)")
        words = f"{shortened(name, 100)}: {short_tick(one[0])} to {short_tick(one[1])}"
        height = max(bottom - top, 3)
        shape = tag("rect", x=at - bar / 2, y=top, width=bar, height=height, rx=min(bar / 2, 3), fill=colour)
        parts.append(tag("g", tag("title", words), shape))
    parts.append(layer_names(facts, names, centres, width, "wrong:"))
    return drawing(width, HEIGHT, "Smallest to largest stored variance of each layer", *parts)
