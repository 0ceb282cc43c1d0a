"""Picture 5, both modes of an image: the photo, what training and inference mode make of it side by side, and
the numbers of a patch.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.inputs.png import png
from bninspect.render.page.markup import Html, shortened, table, tag
from bninspect.render.page.numbers import datum
from bninspect.text import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bninspect.measure.facts import OutputDifference, Patch, Probe
    from bninspect.statistics.distance import Ranked

    Array = NDArray[Any]

_LARGEST = 160
"""Pixels of a side above which a picture is made smaller."""
_SMALLEST = 8
"""Pixels of a side from which an output is looked at as a picture."""
_TINY = 64
"""Pixels of a side below which each is drawn as a square."""
_MOST_NUMBERS = 200
_MOST_OUTPUTS = 10
"""Outputs whose difference is shown."""
_MODES = ("training", "inference")


def both_modes(probe: Probe) -> list[Html]:
    """Cards: the photo beside outputs that are pictures, rows of scores as bars, and patches."""
    parts: list[Html] = []
    if probe.seen is not None:
        parts.append(_figure(probe.seen.pixels, "", f"the image {shortened(probe.seen.source)}"))
        for name, rows in probe.seen.outputs.items():
            parts += _pictures(name, *rows)
    for index, one in enumerate(probe.outputs):
        if one.top is not None:
            parts.append(_scores(one, f"probe/outputs/{index}/top"))
    if probe.seen is not None and len(parts) == 1 and probe.outputs:
        parts.append(_differences(probe.outputs))
    cards = [tag("div", tag("div", *parts, class_="pictures"), class_="card")] if parts else []
    return [*cards, *(_patch(one, f"probe/patches/{index}") for index, one in enumerate(probe.patches))]


def _pictures(name: str, training: Array, inference: Array) -> Iterator[Html]:
    """Both modes of an output that is a picture, on the scale of training mode; nothing for any other."""
    if (
        training.dtype.kind not in "fiub"
        or training.ndim not in (2, 3)
        or min(training.shape[:2]) < _SMALLEST
    ):
        return
    first, second = (row[..., None] if row.ndim == 2 else row for row in (training, inference))
    if first.shape[-1] not in (1, 3):
        return
    known = first[np.isfinite(first)].astype(np.float64)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    for mode, row in zip(_MODES, (first, second), strict=True):
        values = np.nan_to_num(row.astype(np.float64), nan=low, posinf=high, neginf=low)
        pixels = (values - low) / (high - low or 1.0) * 255
        yield _figure(pixels, mode, f": {shortened(name)}, {short(low)} to {short(high)}, clipped")


def _figure(pixels: Array, mode: str, words: str) -> Html:
    """A picture with what it shows."""
    small = _reduced(np.asarray(pixels, np.float64)[..., : 1 if pixels.shape[-1] in (1, 2) else 3])
    content = b64encode(png(np.clip(np.rint(small), 0, 255).astype(np.uint8))).decode()
    look = "tiny" if max(small.shape[:2]) < _TINY else None
    source = f"data:image/png;base64,{content}"
    caption = tag("figcaption", tag("b", mode, class_=mode) if mode else "", words)
    return tag("figure", tag("img", src=source, alt=f"{mode} {words}".strip(" :"), class_=look), caption)


def _reduced(pixels: Array) -> Array:
    """The picture by means of squares, so that no side is longer than may be."""
    factor = -(-max(pixels.shape[:2]) // _LARGEST)
    if factor == 1:
        return pixels
    height, width = (side // factor * factor for side in pixels.shape[:2])
    if not height or not width:
        return pixels[:_LARGEST, :_LARGEST]
    squares = pixels[:height, :width].reshape(height // factor, factor, width // factor, factor, -1)
    reduced: Array = squares.mean(axis=(1, 3))
    return reduced


def _differences(outputs: Sequence[OutputDifference]) -> Html:
    """How far the modes are apart at outputs that are neither pictures nor rows of scores."""
    heads = [("output", "l"), ("max abs", ""), ("RMS", ""), ("of training RMS", ""), ("equal", "")]
    rows = [
        tag(
            "tr",
            tag("td", tag("span", one.name, class_="name"), class_="l"),
            *(
                tag("td", datum(getattr(one.difference, name, None), f"{at}/{name}"))
                for name in ("max_abs", "rms", "relative_l2")
            ),
            tag("td", datum(one.agreement, f"{at}/agreement")),
        )
        for one, at in ((one, f"probe/outputs/{index}") for index, one in enumerate(outputs[:_MOST_OUTPUTS]))
    ]
    more = len(outputs) - _MOST_OUTPUTS
    rest = [tag("p", f"{more:,} more outputs", class_="dim small")] if more > 0 else []
    return tag("div", table(heads, rows), *rest, class_="grow")


def _scores(one: OutputDifference, at: str) -> Html:
    """The largest scores of the first image in both modes, side by side."""
    if one.top is None:
        return Html()
    values = [ranked.value for row in one.top for ranked in row if np.isfinite(ranked.value)]
    most = max((abs(value) for value in values), default=0.0) or 1.0
    columns = [
        tag(
            "div",
            tag("h3", f"{mode} mode", class_=mode),
            tag("table", tag("tbody", *_bars(row, most, mode, f"{at}/{mode}"))),
        )
        for mode, row in zip(_MODES, one.top, strict=True)
    ]
    words = f"The largest values of {shortened(one.name)} for the first image; pale bars are negative."
    return tag("div", tag("p", words, class_="dim small"), tag("div", *columns, class_="two"), class_="grow")


def _bars(row: Sequence[Ranked], most: float, mode: str, at: str) -> Iterator[Html]:
    colour = "var(--train)" if mode == "training" else "var(--infer)"
    for index, ranked in enumerate(row):
        share = min(abs(ranked.value) / most, 1.0) if np.isfinite(ranked.value) else 0.0
        look = "bar" if ranked.value >= 0 else "bar below"
        bar = tag("span", class_=look, style=f"width:{100 * share:.1f}%;background:{colour}")
        place = datum(ranked.place, f"{at}/{index}/index", str(ranked.place))
        value = datum(ranked.value, f"{at}/{index}/value", short(ranked.value))
        yield tag("tr", tag("td", "class ", place), tag("td", bar, class_="l wide-bar"), tag("td", value))


def _patch(patch: Patch, at: str) -> Html:
    """The numbers of a patch in both modes."""
    head = tag("h3", f"{shortened(patch.tensor)}[{patch.slice}]")
    if patch.training.size > _MOST_NUMBERS:
        words = f"{patch.training.size:,} numbers in each mode: --format json holds them all"
        return tag("div", head, tag("p", words), class_="card")
    columns = [
        tag(
            "div",
            tag("h3", f"{mode} mode", class_=mode),
            *_planes(np.asarray(values), f"{at}/{mode}"),
        )
        for mode, values in zip(_MODES, (patch.training, patch.inference), strict=True)
    ]
    return tag("div", head, tag("div", *columns, class_="two"), class_="card")


def _planes(values: Array, at: str) -> Iterator[Html]:
    """The numbers as tables of rows."""
    if values.ndim == 0:
        yield datum(float(values), at, short(float(values)))
    elif values.ndim > 2:
        for index, part in enumerate(values):
            yield from _planes(part, f"{at}/{index}")
    else:
        rows = values if values.ndim == 2 else values[None]
        written = [
            tag(
                "tr",
                *(tag("td", _cell(value, at, row, column, values.ndim)) for column, value in enumerate(line)),
            )
            for row, line in enumerate(rows.tolist())
        ]
        yield tag("div", tag("table", tag("tbody", *written), class_="patch"), class_="tables")


def _cell(value: float | bool, at: str, row: int, column: int, rank: int) -> Html:
    place = f"{at}/{row}/{column}" if rank == 2 else f"{at}/{column}"
    shown = str(value) if isinstance(value, bool | int) else short(value)
    return datum(float(value), place, shown)
