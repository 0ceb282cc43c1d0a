"""How a diagnosis writes numbers and names: short, in plain letters, ready for a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def number(value: float) -> str:
    """Two significant digits below 10, whole above; `1.2e+07` where that would be long."""
    if not math.isfinite(value):
        return "no finite number"
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"


def percent(share: float) -> str:
    """`40 %`, `0.4 %`; ten times and more as `12 times`."""
    if not math.isfinite(share):
        return "no finite share"
    if share >= 10:
        return f"{share:,.0f} times"
    return f"{100 * share:.0f} %" if share >= 0.02 or share == 0 else f"{100 * share:.2g} %"


def counted(count: int, what: str) -> str:
    """`1 layer`, `1,234 layers`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def common_scope(names: Sequence[str]) -> str:
    """The longest scope, with its `/`, that all names stand below; empty for one name, or none in common."""
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)
    end = 0
    for index, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            break
        if one == "/":
            end = index + 1
    return first[:end]


def listed(names: Sequence[str], shown: int = 3) -> str:
    """`a, b, c and 4 more`."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more > 0 else "")


def verb(names: Sequence[str], plural: str) -> str:
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
