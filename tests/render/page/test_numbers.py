"""Every number on a page is that of `--format json`, and what is shown is the exact one, rounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.render.json import dumps, graph_document
from bninspect.render.page.numbers import datum
from bninspect.render.probe.document import probe_document
from tests.support.page_facts import Number, PageReader, facts_of_probe, network, page
from tests.support.probes import diagnosis

if TYPE_CHECKING:
    from bninspect.measure.facts import Probe


def documents(measured: Probe) -> dict[str, Any]:
    """The documents as a program gets them."""
    found = {
        "graph": graph_document(measured.report, measured.report.layers),
        "probe": probe_document(measured, diagnosis(measured)),
    }
    read: dict[str, Any] = json.loads(dumps(found))
    return read


def at(document: Any, place: str) -> Any:
    for part in place.split("/"):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def assert_rounded(number: Number) -> None:
    """What is shown is the exact value to as many digits as are shown."""
    assert number.value is not None
    shown = number.shown.replace(",", "").removesuffix("x")
    value = float(number.value)
    if shown.endswith(" %"):
        shown, value = shown.removesuffix(" %"), 100 * value
    decimals = len(shown.partition(".")[2])
    assert abs(float(shown) - value) <= 0.5 * 10**-decimals * (1 + 1e-9), number


def test_every_number_is_that_of_json() -> None:
    measured = network(12)
    held = documents(measured)
    numbers = PageReader(page(facts_of_probe(measured))).numbers
    assert len(numbers) > 12 * 4
    for place, found in numbers.items():
        expected = at(held, place)
        for number in found:
            if expected is None:
                assert number == Number(None, "-")
            else:
                assert float(str(number.value)) == expected, place
                assert_rounded(number)


def test_own_and_deployed_of_every_layer_stand_on_the_page() -> None:
    measured = network(12)
    numbers = PageReader(page(facts_of_probe(measured))).numbers
    for index in range(12):
        assert {f"probe/layers/{index}/own/score", f"probe/layers/{index}/deployed/score"} <= set(numbers)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_was_not_measured_is_no_number(value: float | None) -> None:
    assert datum(value, "probe/x") == '<span data-at="probe/x">-</span>'


def test_a_number_has_its_exact_value() -> None:
    assert datum(0.59994, "probe/x") == '<data value="0.59994" data-at="probe/x">0.60</data>'
