"""From values to places on a drawing: linear and logarithmic scales, round ticks, and the frame of a plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from bninspect.render.page.markup import Html, joined, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SOFT = 0.1
"""Score at which the scale of scores turns from linear to logarithmic."""
_SCORES = (0.0, 0.1, 0.3, 0.6, 1.0, 3.0, 10.0, 100.0, 1e3, 1e4, 1e6, 1e9)


class Scale(NamedTuple):
    """Values from `low` to `high` on the places from `start` to `end`, which may run backwards."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, most: int = 5) -> Iterator[float]:
        """Round values within the scale, at most about as many as asked for."""
        raw = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * step for step in _STEPS if power * step >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        for number in range(first, last + 1):
            yield number * step + 0.0


def around(values: Sequence[float], start: float, end: float) -> Scale:
    """The scale that holds these finite values, with some air on both sides."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    air = (high - low) * 0.06 or max(abs(high) * 0.1, 0.5)
    return Scale(low - air, high + air, start, end)


class ScoreScale(NamedTuple):
    """Scores from 0 on: linear up to a tenth, then logarithmic, so that 0.1 and 165 stand on one drawing."""

    most: float
    start: float
    end: float

    def __call__(self, score: float) -> float:
        share = math.log1p(min(max(score, 0.0), self.most) / _SOFT) / math.log1p(self.most / _SOFT)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> tuple[float, ...]:
        """The scores that are named beside it."""
        named = [score for score in _SCORES if score <= self.most]
        above = [score for score in named if score > 1]
        return tuple(score for score in named if score <= 1 or score in above[-2:])


def short_tick(value: float) -> str:
    """A tick in as few letters as can be."""
    return f"{value:.6g}".replace("e+0", "e").replace("e-0", "e-")


def frame(x: Scale, y: Scale, names: tuple[str, str]) -> Html:
    """The box of a plot with ticks on its left and below it, and the names of both axes."""
    left, right, bottom, top = x.start, x.end, y.start, y.end
    parts = [
        tag(
            "rect",
            x=left,
            y=top,
            width=right - left,
            height=bottom - top,
            fill="var(--paper)",
            stroke="var(--line)",
        )
    ]
    for value in x.ticks(4):
        at = x(value)
        parts.append(tag("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, stroke="var(--none)"))
        parts.append(tag("text", short_tick(value), x=at, y=bottom + 17, text_anchor="middle", class_="s"))
    for value in y.ticks(5):
        at = y(value)
        parts.append(tag("line", x1=left - 4, x2=left, y1=at, y2=at, stroke="var(--none)"))
        parts.append(tag("text", short_tick(value), x=left - 7, y=at + 4, text_anchor="end", class_="s"))
    middle = (left + right) / 2
    parts.append(tag("text", names[0], x=middle, y=bottom + 35, text_anchor="middle", class_="s"))
    parts.append(tag("text", names[1], x=left, y=top - 8, text_anchor="start", class_="s"))
    return joined(parts)


def drawing(width: float, height: float, title: str, *inside: str, class_: str | None = None) -> Html:
    """An SVG of this size in its own units, with what it shows in words for those who do not see it."""
    return tag(
        "svg",
        *inside,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=title,
        class_=class_,
    )
