"""What drawings over the depth of a network share: their size, the scale of scores, the names of the layers.

Each is drawn twice, for a wide page and for a narrow one, so that its letters stay as large as the text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.render.page.markup import Html, joined, place, shortened, tag
from bninspect.render.page.pictures.scales import ScoreScale, short_tick
from bninspect.statistics import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bninspect.commands.report.facts import PageFacts

_WIDE, _NARROW = 980.0, 340.0
LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 62.0, 12.0, 26.0, 46.0, 260.0
_LIMITS = (("note", thresholds.NOTE), ("warning", thresholds.WARNING), ("error", thresholds.ERROR))
_LETTER, _BOLD = 6.6, 7.7
"""Widths of a letter, and of a bold one."""


def twice(draw: Callable[[float], Html]) -> Html:
    """The drawing of these widths: one for a wide page and one for a narrow one."""
    return joined((tag("div", draw(_WIDE), class_="wide"), tag("div", draw(_NARROW), class_="narrow")))


def columns(count: int, width: float) -> tuple[float, list[float]]:
    """(width of a column, the middle of each) of so many columns side by side."""
    step = (width - LEFT - RIGHT) / count
    return step, [LEFT + (index + 0.5) * step for index in range(count)]


def score_scale(scores: Iterable[float]) -> ScoreScale:
    """The scale of these scores, of which those that are not finite stand at its end."""
    most = max([0.8, *(score * 1.1 for score in scores if math.isfinite(score))])
    return ScoreScale(most, HEIGHT - BOTTOM, TOP)


def score_lines(y: ScoreScale, width: float) -> Html:
    """The scale of scores, with the limits of the verdicts by their names."""
    limits = {limit: name for name, limit in _LIMITS}
    parts = [tag("text", "score", x=LEFT - 8, y=TOP - 12, text_anchor="end", class_="s")]
    last = math.inf
    for score in y.ticks():
        at = y(score)
        name = limits.get(score)
        dashed = None if score == 0 else "2 4"
        parts.append(
            tag(
                "line",
                x1=LEFT,
                x2=width - RIGHT,
                y1=at,
                y2=at,
                stroke="var(--none)",
                stroke_dasharray=dashed,
            )
        )
        if last - at >= 12:
            words = f"{name} {short_tick(score)}" if name else short_tick(score)
            parts.append(tag("text", words, x=LEFT - 8, y=at + 4, text_anchor="end", class_="s"))
            last = at
    return joined(parts)


def layer_names(
    facts: PageFacts, names: Sequence[str], centres: Sequence[float], width: float, says: str = "begins at"
) -> Html:
    """Below the drawing: every name where there is room, else numbers, and the first wrong layer by name."""
    base = HEIGHT - BOTTOM
    step = centres[1] - centres[0] if len(centres) > 1 else width - LEFT - RIGHT
    room = int(step / _LETTER)
    parts = []
    wrong = next((index for index, name in enumerate(names) if facts.states[name].is_wrong), None)
    whole = max(map(len, names)) <= room
    every = 1 if whole else max(1, math.ceil(26 / step))
    for index, at in enumerate(centres):
        if whole:
            parts.append(tag("text", names[index], x=at, y=base + 17, text_anchor="middle", class_="s"))
        elif index % every == 0:
            parts.append(tag("text", str(index + 1), x=at, y=base + 17, text_anchor="middle", class_="s"))
    if wrong is not None:
        words = f"{says} {shortened(names[wrong], int((width - 20) / _BOLD) - len(says) - 1)}"
        half = len(words) * _BOLD / 2
        at = min(max(centres[wrong], half + 2), width - half - 2)
        standing = facts.states[names[wrong]].standing
        ink = "var(--error)" if standing == "error" else "var(--warn)"
        parts.append(tag("path", d=f"M{place(centres[wrong])} {place(base + 21)}l-4 6h8z", fill=ink))
        parts.append(tag("text", words, x=at, y=base + 40, text_anchor="middle", class_=f"b {standing}"))
    return joined(parts)
