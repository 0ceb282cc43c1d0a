"""The forecast is what a run of the converters saw, in every cell that both decide."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.converters.fact import Converter
from bninspect.converters.table import FACTS
from bninspect.converters.written import written
from bninspect.graph import flatten
from bninspect.rewrite.strip import strip
from tests.converters.recorded import MOST_UNKNOWN, Cell, cells_of, recorded, reports
from tests.support.places import FIXTURES

TESTED = [one for one in FACTS if one.tested]


def original() -> list[Cell]:
    record = recorded()["original"]
    return cells_of(record, reports(record))


def test_no_forecast_is_wrong() -> None:
    assert [cell for cell in original() if cell.outcome == "wrong"] == []


def test_no_forecast_of_a_stripped_model_is_wrong() -> None:
    record = recorded()["stripped"]
    after = {
        name: inspect(flatten(strip(report).pruned.graphdef)) for name, report in reports(record).items()
    }
    cells = cells_of(record, after)
    assert len(cells) > 600
    assert [cell for cell in cells if cell.outcome == "wrong"] == []
    assert {cell.seen for cell in cells} <= {"inference", "refuses", "other numbers", None}


def test_few_are_unknown() -> None:
    cells = original()
    unknown = [cell for cell in cells if cell.outcome == "unknown"]
    assert len(cells) > 700
    assert len(unknown) <= MOST_UNKNOWN * len(cells)


def test_every_tested_converter_was_run() -> None:
    assert {one.name for one in TESTED} == recorded()["versions"].keys()


@pytest.mark.parametrize("converter", TESTED, ids=lambda one: one.name)
def test_every_fact_is_seen_on_its_fixture(converter: Converter) -> None:
    """The fact is the first about some layer of the fixture that it names."""
    for fact in FACTS[converter]:
        assert (FIXTURES / fact.test).is_file(), fact.test
        first = [
            next((known for known in FACTS[converter] if known.when(one)), None)
            for one in written(reports([fact.test])[fact.test])
        ]
        assert fact in first, f"{fact.reason}: {fact.test}"
