"""`forecast --format markdown`: the verdict as text, and a row for each converter and what it makes of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bninspect.escaping import printable
from bninspect.render.forecast.screen import WORDS, rows, title, verdict
from bninspect.text import grouped

if TYPE_CHECKING:
    from bninspect.commands.forecast.forecasting import ForecastResult

_MARKUP = re.compile(r"([&<>\\`*_\[\]|~#@!])")


def forecast_markdown(result: ForecastResult) -> str:
    """The document, with a last line end. What the file says is escaped: nothing in it is markup."""
    lines = ["## bninspect forecast", "", _escaped(verdict(result).text), ""]
    lines += ["| converter | layers | serves | why |", "|---|---|---|---|"]
    for one, group in rows(result):
        names = grouped([layer.name for layer in group.layers])
        why = group.reason if one.converter.tested else f"reported, untested: {group.reason}"
        cells = (title(one), names, WORDS[group.serves], why)
        lines.append(f"| {' | '.join(map(_escaped, cells))} |")
    if result.fix is not None:
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", result.fix)), default=0))
        lines += ["", f"{fence}sh", printable(result.fix), fence]
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", printable(text))
