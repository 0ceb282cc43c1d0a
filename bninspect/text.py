"""Words and numbers for people, in a sentence or a table: the only home of both."""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

Reason = TypeVar("Reason", bound="Hashable")

_DIGITS = 4
"""Significant digits of a number in a table."""


def number(value: float) -> str:
    """A number in a sentence: two significant digits below 10, whole above; `1.2e+07` where that is long."""
    if not math.isfinite(value):
        return "no finite number"
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"


def short(value: float) -> str:
    """A measurement in a table: four significant digits, no exponent where that is short; `nan`, `inf`."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}"
    magnitude = math.floor(math.log10(abs(value)))
    if not -_DIGITS <= magnitude <= 6:
        return f"{value:.{_DIGITS - 1}e}"
    return f"{value:.{max(0, _DIGITS - 1 - magnitude)}f}"


def layer_score(score: float | None) -> str:
    """A score for a table: `0.02`, `12.3`, `165`."""
    if score is None:
        return "-"
    return f"{score:.2f}" if score < 9.995 else f"{score:.1f}" if score < 99.95 else short(score)


def plain(value: float | None) -> str:
    """A number of the file, in at most seven significant digits; `not finite` for None."""
    return "not finite" if value is None else f"{value:.7g}"


def between(bounds: tuple[float | None, float | None] | None) -> str:
    """`low .. high`, or the one value where both are the same; `unknown` where there is no range."""
    if bounds is None:
        return "unknown"
    low, high = bounds
    return plain(low) if low == high else f"{plain(low)} .. {plain(high)}"


def as_written(value: float | None) -> float | None:
    """The number a person wrote: the shortest that gives the same float32, if the value is a float32 at all.

    0.0010000000474974513, which is what a float attribute of 0.001 reads as, gives 0.001.
    """
    return value if value is None or value == 0 or not math.isfinite(value) else _as_written(value)


@lru_cache(maxsize=1024)
def _as_written(value: float) -> float:
    """As `as_written`, of a number with an end, and not of 0, of which there are two; layers have few."""
    if _single(value) != value:
        return value
    return next(
        written for digits in range(1, 18) if _single(written := float(f"{value:.{digits}g}")) == value
    )


def _single(value: float) -> float:
    """The value as a float32; infinity where it is too large for one."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.inf


def percent(share: float) -> str:
    """`40 %`, `99.5 %`, `0.4 %`; ten times and more as `12 times`. `100 %` is all of it, no less."""
    if not math.isfinite(share):
        return "no finite share"
    if share >= 10:
        return f"{share:,.0f} times"
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{100 * share:.3g} %"


def human_size(size: int) -> str:
    """`95.4 MB`, in powers of 1000."""
    if size < 1000:
        return f"{size} bytes"
    power = 1 if size < 999_950 else 2 if size < 999_950_000 else 3
    return f"{size / 1000**power:.1f} {('kB', 'MB', 'GB')[power - 1]}"


def counted(count: int, what: str) -> str:
    """`1 layer`, `1,234 layers`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def listed(names: Sequence[str], shown: int = 3) -> str:
    """`a, b, c and 4 more`."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more > 0 else "")


def first_few(names: Sequence[str], shown: int = 5) -> str:
    """`a, b, c, d, e, ...`: the names where they are few, the first of them where they are many."""
    return ", ".join(names[:shown]) + (", ..." if len(names) > shown else "")


def by_reason(pairs: Iterable[tuple[str, Reason]]) -> dict[Reason, list[str]]:
    """Each reason once -> all that it is the reason for, of pairs of (what, reason), in their order."""
    found: dict[Reason, list[str]] = {}
    for what, reason in pairs:
        found.setdefault(reason, []).append(what)
    return found


def common_scope(names: Sequence[str]) -> str:
    """The longest scope, with its `/`, that all names stand below; empty for one name, or none in common."""
    if len(names) < 2:
        return ""
    start = _common_start(names)
    return start[: start.rfind("/") + 1]


def _common_start(names: Sequence[str]) -> str:
    """The letters that all of the names begin with."""
    first, last = min(names), max(names)
    pairs = enumerate(zip(first, last, strict=False))
    return first[: next((index for index, (one, other) in pairs if one != other), min(len(first), len(last)))]


def common_tail(names: Sequence[str]) -> str:
    """The last part, with its `/`, that all names end in and none consists of; empty for fewer than two."""
    if len(names) < 2:
        return ""
    tail = f"/{names[0].rpartition('/')[2]}"
    least = len(common_scope(names)) + len(tail)
    return tail if all(name.endswith(tail) and len(name) > least for name in names) else ""


def common_name(names: Sequence[str]) -> str:
    """The glob that all names match and that says most of them: `net/*`, `conv*/bn`; empty where none does.

    One name is its own. A part is cut before a number alone: `bn1` and `bn2` are `bn*`, `bar` and `baz` have
    nothing in common.
    """
    if len(set(names)) < 2:
        return names[0] if names else ""
    start = _common_start(names).rstrip("0123456789")
    beyond = {name[len(start) : len(start) + 1] for name in names}
    if not start.endswith(("/", "_")) and beyond - set("/_0123456789") - {""}:
        start = start[: start.rfind("/") + 1]
    end = _common_start([name[::-1] for name in names])[::-1]
    tail = end[end.find("/") :] if "/" in end else ""
    if min(map(len, names)) < len(start) + len(tail):
        tail = ""
    return f"{start}*{tail}" if start or tail else ""


def grouped(names: Sequence[str]) -> str:
    """Layers that are alike, as one entry: `bn`, `MobilenetV2/* 39x`, `3 layers (a, b and 1 more)`."""
    if len(names) == 1:
        return names[0]
    common = common_name(names)
    return f"{common} {len(names):,}x" if common else f"{len(names):,} layers ({listed(names, 2)})"


def below(name: str, scope: str) -> str:
    """The name relative to the scope it stands in; the whole name where it stands elsewhere."""
    return name[len(scope) + 1 :] if name.startswith(scope + "/") else name


def verb(names: Sequence[object], plural: str) -> str:
    """The verb as it follows these names: `normalize`, after one alone `normalizes`."""
    return plural + "s" if len(names) == 1 else plural


def layers(names: Sequence[str], total: int) -> str:
    """The layers as what a sentence is about: `bn`, `all 53 layers`, `2 of 6 layers (a, b)`."""
    if len(names) == 1:
        return names[0]
    if len(names) == total:
        return f"both layers ({listed(names)})" if total == 2 else f"all {total:,} layers"
    return f"{len(names):,} of {total:,} layers ({listed(names)})"


def sentence(clause: str) -> str:
    """The clause with a capital, unless it begins with a name of the model's."""
    head = clause.split(" ", 1)[0]
    return clause if "/" in head or "_" in head or ":" in head else clause[:1].upper() + clause[1:]
