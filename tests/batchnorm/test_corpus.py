"""Models of other people, as a MANIFEST.tsv tells of them; BNINSPECT_CORPUS names the folder."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from bninspect.batchnorm import Report, inspect
from bninspect.graph import load
from tests.support.tables import FORMS, Row, corpus, counts, modes

_NAMED = os.environ.get("BNINSPECT_CORPUS", "")
ROWS = corpus(Path(_NAMED)) if _NAMED else []
needs_corpus = pytest.mark.skipif(not ROWS, reason="BNINSPECT_CORPUS names no folder of models")
ABSENT = Row(file="corpus", text="", layers={}, mode="-", default="-", runs="-")


@cache
def report_of(file: str) -> Report:
    return inspect(load(str(Path(_NAMED) / file)))


def each(rows: list[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows or [ABSENT], ids=lambda row: row.file)


@needs_corpus
@each(ROWS)
def test_layers_and_modes(row: Row) -> None:
    report = report_of(row.file)
    found = counts(report)
    assert {form: found.get(form, 0) for form in FORMS} == {form: row.layers.get(form, 0) for form in FORMS}
    assert modes(report) == row.modes


@needs_corpus
@each([row for row in ROWS if "lookalike" in row.text])
def test_lookalikes(row: Row) -> None:
    assert counts(report_of(row.file)) == row.layers


@needs_corpus
@each([row for row in ROWS if row.mode == "switched"])
def test_default(row: Row) -> None:
    for layer in report_of(row.file).layers:
        assert layer.switch is not None
        served = layer.switch.served_by_default
        assert (served.value if served else "-") == row.default
