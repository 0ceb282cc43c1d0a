"""How names and numbers are written for a person: short, and never cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def below(name: str, scope: str) -> str:
    """The name relative to the scope it stands in; the whole name where it stands elsewhere."""
    return name[len(scope) + 1 :] if name.startswith(scope + "/") else name


def fold(name: str, width: int) -> list[str]:
    """The name in lines of at most `width`, broken behind a `/` where possible; joined they are the name."""
    lines = [""]
    for part in re.findall(r"[^/]*/|[^/]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
        while len(lines[-1]) > width:
            # An underscore is the second best place.
            end = lines[-1].rfind("_", width // 2, width) + 1 or width
            lines[-1:] = [lines[-1][:end], lines[-1][end:]]
    return lines


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width`, broken at spaces; a name too long for a line is folded."""
    lines = [""]
    for word in text.split(" "):
        if not lines[-1]:
            lines[-1:] = fold(word, width)
        elif len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += fold(word, width)
    return lines


def few(names: Sequence[str], shown: int = 3) -> str:
    """The first few of the names, and how many more there are."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more > 0 else "")


def as_written(value: float | None) -> float | None:
    """The number a person wrote: the shortest that gives the same float32, if the value is a float32 at all.

    0.0010000000474974513, which is what a float attribute of 0.001 reads as, gives 0.001.
    """
    if value is None:
        return None
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single)) if float(single) == value else value


def plain(value: float | None) -> str:
    """A number for a person, in at most seven significant digits; `not finite` for None."""
    return "not finite" if value is None else f"{value:.7g}"


def between(bounds: tuple[float | None, float | None] | None) -> str:
    """`low .. high`, or the one value where both are the same; `unknown` where there is no range."""
    if bounds is None:
        return "unknown"
    low, high = bounds
    return plain(low) if low == high else f"{plain(low)} .. {plain(high)}"


def human_size(size: int) -> str:
    """`95.4 MB`, in powers of 1000."""
    if size < 1000:
        return f"{size} bytes"
    power = 1 if size < 999_950 else 2 if size < 999_950_000 else 3
    return f"{size / 1000**power:.1f} {('kB', 'MB', 'GB')[power - 1]}"


def counted(count: int, what: str) -> str:
    """`1 layer`, `2 layers`, `1,234 layers`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
