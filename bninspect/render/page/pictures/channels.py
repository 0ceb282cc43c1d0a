"""Picture 3, channel by channel: moving against batch mean and variance, on the diagonal where they agree,
and how d and r are spread.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bninspect.render.page.markup import Html, joined, place, tag
from bninspect.render.page.pictures.scales import Scale, around, drawing, frame
from bninspect.statistics.thresholds import NOTE
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bninspect.measure.facts import ProbedLayer

    Floats = NDArray[np.float64]

_WIDTH, _HEIGHT, _LOW = 340.0, 300.0, 210.0
"""Of a drawing, and the height of a histogram."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 26.0, 44.0
_NAMED = 3
"""Channels that are marked by their number."""
_MOST_BINS = 40
_BEYOND = 5.0
"""|d|, and r - 1, beyond which a histogram counts all together at its end."""


def channel_pictures(one: ProbedLayer) -> list[Html]:
    """The pictures of a layer whose stored statistics stand beside measured ones, else none."""
    found = one.own_staleness
    if one.own is None or found is None or one.moving_mean is None or one.moving_variance is None:
        return []
    pooled = one.own.moments.pooled()
    worst = worst_channels(one)
    return [
        _scatter(pooled.mean, one.moving_mean, worst, "mean"),
        _scatter(pooled.variance, one.moving_variance, worst, "variance"),
        _histogram(found.d, 0.0, "d: means apart, in stored deviations"),
        _histogram(found.r, 1.0, "r: batch deviation over stored one"),
    ]


def worst_channels(one: ProbedLayer) -> list[int]:
    """The channels of the largest W, the worst first; fewer where fewer are apart enough to be noted."""
    staleness = one.own_staleness
    if staleness is None:
        return []
    known = np.where(np.isfinite(staleness.w), staleness.w, -1.0)
    order = np.argsort(-known, kind="stable")[:_NAMED]
    return [int(channel) for channel in order if known[channel] >= NOTE]


def stored_pictures(mean: Floats, variance: Floats) -> list[Html]:
    """Of a layer that was not run: how its stored statistics are spread."""
    return [_values(mean, "moving mean"), _values(variance, "moving variance")]


def _scatter(batch: Floats, moving: Floats, worst: Sequence[int], what: str) -> Html:
    """One point a channel."""
    known = np.isfinite(batch) & np.isfinite(moving)
    both = np.concatenate((batch[known], moving[known]))
    x = around(both.tolist(), _LEFT, _WIDTH - _RIGHT)
    y = Scale(x.low, x.high, _HEIGHT - _BOTTOM, _TOP)
    parts = [
        frame(x, y, (f"batch {what} of these images", f"moving {what} in the file")),
        tag("line", x1=x.start, y1=y.start, x2=x.end, y2=y.end, stroke="var(--dim)", stroke_dasharray="4 4"),
    ]
    points = [
        f"M{place(x(left))} {place(y(right))}h0"
        for left, right in zip(batch[known].tolist(), moving[known].tolist(), strict=True)
    ]
    size = 7 if len(points) <= 64 else 5 if len(points) <= 512 else 3.4
    unique = "".join(dict.fromkeys(points))
    parts.append(
        tag(
            "path",
            d=unique,
            stroke="var(--ink)",
            stroke_opacity="0.55",
            stroke_width=size,
            stroke_linecap="round",
            fill="none",
        )
    )
    parts.append(_marked(x, y, batch, moving, [channel for channel in worst if known[channel]]))
    return drawing(_WIDTH, _HEIGHT, f"Moving against batch {what}: {counted(len(batch), 'channel')}", *parts)


def _marked(x: Scale, y: Scale, batch: Floats, moving: Floats, worst: Sequence[int]) -> Html:
    """The worst channels with their numbers, as far as these do not cover one another."""
    parts: list[Html] = []
    taken: list[tuple[float, float]] = []
    for channel in worst:
        at = x(float(batch[channel])), y(float(moving[channel]))
        words = f"channel {channel}: moving {moving[channel]:.4g}, batch {batch[channel]:.4g}"
        parts.append(
            tag(
                "g",
                tag("title", words),
                tag("circle", cx=at[0], cy=at[1], r=5, fill="var(--error)", stroke="var(--paper)"),
            )
        )
        right = at[0] < _WIDTH - 60
        if all(abs(at[0] - other) > 34 or abs(at[1] - height) > 14 for other, height in taken):
            parts.append(
                tag(
                    "text",
                    str(channel),
                    x=at[0] + (9 if right else -9),
                    y=at[1] + (-7 if at[1] > _TOP + 20 else 16),
                    text_anchor="start" if right else "end",
                    class_="b error",
                )
            )
            taken.append(at)
    return joined(parts)


def _histogram(values: Floats, agreed: float, name: str) -> Html:
    """How many channels have which d (or r); all beyond the limit stand together at the end."""
    known = values[np.isfinite(values)]
    reach = max(float(np.abs(known - agreed).max(initial=0.0)) * 1.05, 0.25)
    low, high = max(agreed - reach, agreed - _BEYOND), min(agreed + reach, agreed + _BEYOND)
    beyond = int((np.abs(known - agreed) > _BEYOND).sum())
    return _bars(np.clip(known, low, high), (low, high), agreed, name, beyond)


def _values(values: Floats, name: str) -> Html:
    known = values[np.isfinite(values)]
    scale = around(known.tolist(), 0, 1)
    return _bars(known, (scale.low, scale.high), None, name)


def _bars(
    values: Floats, limits: tuple[float, float], agreed: float | None, name: str, beyond: int = 0
) -> Html:
    """A histogram with its axes; `agreed` is where both statistics are the same, `beyond` how many channels
    stand at an end and belong farther out.
    """
    bins = int(min(_MOST_BINS, max(10, 2 * math.ceil(math.sqrt(max(values.size, 1))))))
    counts, edges = np.histogram(values, bins=bins, range=limits)
    x = Scale(limits[0], limits[1], _LEFT, _WIDTH - _RIGHT)
    y = Scale(0, max(int(counts.max(initial=0)) * 1.06, 4), _LOW - _BOTTOM, _TOP)
    parts = [frame(x, y, (name, "channels"))]
    if beyond:
        also = f"{counted(beyond, 'channel')} farther out"
        parts.append(tag("text", also, x=x.end, y=_TOP - 8, text_anchor="end", class_="s"))
    for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if count:
            at, top = x(left), y(count)
            words = f"{counted(count, 'channel')} from {left:.3g} to {right:.3g}"
            width = max(x(right) - at - 1, 1)
            shape = tag("rect", x=at, y=top, width=width, height=y.start - top, fill="var(--dim)")
            parts.append(tag("g", tag("title", words), shape))
    if agreed is not None:
        at = x(agreed)
        parts.append(
            tag("line", x1=at, x2=at, y1=y.start, y2=y.end, stroke="var(--ink)", stroke_dasharray="4 4")
        )
    return drawing(_WIDTH, _LOW, f"Histogram over the channels: {name}", *parts)
