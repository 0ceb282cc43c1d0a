"""What a run of the converters saw (`seen.json`), and the forecast beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bninspect.batchnorm import Report, inspect
from bninspect.converters.fact import Serves
from bninspect.graph import load
from tests.converters.trials import forecast_of
from tests.support.places import FIXTURES

SEEN = Path(__file__).with_name("seen.json")
MOST_UNKNOWN = 0.05
"""Share of the cells whose forecast may be `unknown`."""


class Cell(NamedTuple):
    """One model and one converter."""

    name: str
    converter: str
    forecast: str
    seen: str | None
    """None if the run could not tell."""

    @property
    def outcome(self) -> str:
        """right, wrong, unknown, or untold: the run could not tell."""
        if self.forecast == Serves.UNKNOWN.value:
            return "unknown"
        if self.seen is None:
            return "untold"
        return "right" if self.forecast == self.seen else "wrong"


def recorded() -> dict[str, Any]:
    """The record: `versions`, `original`, `stripped`, and in `untold` why a cell of `original` is null."""
    found: dict[str, Any] = json.loads(SEEN.read_text(encoding="utf-8"))
    return found


def cells_of(record: Mapping[str, Mapping[str, str | None]], reports: Mapping[str, Report]) -> list[Cell]:
    """A cell for each model and converter of the record; models without layers have none."""
    return [
        Cell(name, converter, forecast_of(reports[name], converter).serves.value, seen)
        for name, row in record.items()
        if reports[name].layers
        for converter, seen in row.items()
    ]


@cache
def _report(name: str) -> Report:
    return inspect(load(str(FIXTURES / name)))


def reports(names: Iterable[str]) -> dict[str, Report]:
    """Name of each fixture -> its report."""
    return {name: _report(name) for name in names}
