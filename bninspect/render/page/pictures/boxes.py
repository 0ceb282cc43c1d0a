"""Boxes and arrows, which the wiring of a layer is drawn with. A box has a title and lines that fit in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.render.page.markup import Html, joined, place, shortened, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE = 15.0
_PADDING = 8.0
_LETTER, _MONO = 7.5, 6.75
"""Widths of a letter of a title, and of a letter of what a file calls a thing."""
_INKS = {"training": "var(--train)", "inference": "var(--infer)", "error": "var(--error)"}


@frozen_dataclass
class Box:
    """One box, its place and what stands in it."""

    x: float
    y: float
    width: float
    title: str
    lines: tuple[str, ...] = ()
    """Below the title, smaller; what is longer than the box loses its middle."""
    ink: str = ""
    """`training`, `inference`, `error`, or empty for what serves both modes."""
    loud: int = 0
    """How many of the last lines say what is wrong."""
    idle: bool = False
    """Whether it never runs."""

    @property
    def height(self) -> float:
        """As tall as its lines."""
        return 2 * _PADDING + LINE * (1 + len(self.lines))

    @property
    def top(self) -> tuple[float, float]:
        """Where an arrow comes in."""
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        """Where an arrow goes out."""
        return self.x + self.width / 2, self.y + self.height

    def draw(self) -> Html:
        """The box as SVG."""
        middle = self.x + self.width / 2
        letters = int((self.width - 10) / _MONO)
        baseline = self.y + _PADDING + 11
        title = shortened(self.title, int((self.width - 10) / _LETTER))
        kind = self.ink if self.ink in _INKS and not self.idle else None
        parts = [
            tag(
                "rect",
                x=self.x,
                y=self.y,
                width=self.width,
                height=self.height,
                rx=8,
                fill="var(--paper)",
                stroke="var(--none)" if self.idle else _INKS.get(self.ink, "var(--none)"),
                stroke_width=1.6,
                stroke_dasharray="4 4" if self.idle else None,
            ),
            tag("text", title, x=middle, y=baseline, text_anchor="middle", class_=f"b {kind or ''}".strip()),
        ]
        quiet = len(self.lines) - self.loud
        for number, line in enumerate(self.lines):
            look = "m error" if number >= quiet else "m s"
            at = baseline + LINE * (number + 1)
            parts.append(
                tag("text", shortened(line, letters), x=middle, y=at, text_anchor="middle", class_=look)
            )
        return joined(parts)


def arrow(points: Sequence[tuple[float, float]], ink: str = "", *, idle: bool = False) -> Html:
    """A line through these points, which ends in a head that points down or sideways."""
    colour = "var(--none)" if idle else _INKS.get(ink, "var(--dim)")
    (before_x, before_y), (x, y) = points[-2], points[-1]
    if before_x == x:
        head = (
            f"M{place(x - 4)} {place(y - 7)}h8l-4 7z"
            if before_y < y
            else f"M{place(x - 4)} {place(y + 7)}h8l-4-7z"
        )
    else:
        turned = -7 if before_x < x else 7
        head = f"M{place(x + turned)} {place(y - 4)}v8l{-turned}-4z"
    way = "M" + "L".join(f"{place(at_x)} {place(at_y)}" for at_x, at_y in points)
    return joined(
        (
            tag(
                "path",
                d=way,
                fill="none",
                stroke=colour,
                stroke_width=1.8,
                stroke_dasharray="4 4" if idle else None,
            ),
            tag("path", d=head, fill=colour),
        )
    )


def label(text: str, x: float, y: float, *, ink: str = "", anchor: str = "middle") -> Html:
    """A few words beside an arrow."""
    look = f"s {ink}".strip()
    return tag("text", text, x=x, y=y, text_anchor=anchor, class_=look)
