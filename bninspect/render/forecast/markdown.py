"""`forecast --format markdown`: the verdict as text, and a row for each converter and what it makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.escaping import printable
from bninspect.render.forecast.screen import MOST_UNDECIDED, WORDS, rows, title, verdict
from bninspect.render.graph.notes import undecided_lines
from bninspect.render.markdown import escaped, fenced
from bninspect.text import grouped

if TYPE_CHECKING:
    from bninspect.commands.forecast.forecasting import ForecastResult


def forecast_markdown(result: ForecastResult) -> str:
    """The document, with a last line end. What the file says is escaped: nothing in it is markup."""
    lines = ["## bninspect forecast", "", escaped(verdict(result).text), ""]
    lines += ["| converter | layers | serves | why |", "|---|---|---|---|"]
    for one, group in rows(result):
        names = grouped([layer.name for layer in group.layers])
        why = group.reason if one.converter.tested else f"reported, untested: {group.reason}"
        cells = (title(one), names, WORDS[group.serves], why)
        lines.append(f"| {' | '.join(map(escaped, cells))} |")
    for line in undecided_lines(result.report, MOST_UNDECIDED):
        lines += ["", escaped(line.label + line.text)]
    if result.fix is not None:
        lines += ["", *fenced("sh", [printable(result.fix)])]
    return "\n".join([*lines, ""])
