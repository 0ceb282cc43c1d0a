"""What helps a model that converters take the wrong way: strip, if it changes what they make of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.converters.fact import Serves
from bninspect.rules import conversion
from tests.support.reports import report

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT = report()
RIGHT, WRONG = Serves.INFERENCE, Serves.TRAINING


def forecasts(*serves: Any) -> Any:
    return tuple(
        SimpleNamespace(serves=one, converter=SimpleNamespace(name=f"c{number}"))
        for number, one in enumerate(serves)
    )


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what strip leads to: forecasts, why it refuses, or a model without layers."""

    def setting(stripped: Any, *, layers: tuple[str, ...] = ("bn",), missing: Any = None) -> None:
        written = stripped if isinstance(stripped, str) else SimpleNamespace(layers=layers)
        asked: set[str] = set()

        def forecast(_: object, names: set[str]) -> Any:
            asked.update(names)
            assert asked == {"c0", "c1"}
            return stripped

        monkeypatch.setattr(conversion, "stripped", lambda report: written)
        monkeypatch.setattr(conversion, "forecast", forecast)
        monkeypatch.setattr(conversion, "missing_weights", lambda report: missing)
        monkeypatch.setattr(conversion, "to_inference", lambda case: f"fix of {case.deploy}")

    return setting


def test_nothing_is_to_do_where_all_serve_inference(given: Callable[..., None]) -> None:
    given("not asked")
    assert conversion.for_converters(REPORT, forecasts(RIGHT, RIGHT)) == (None, ())


@pytest.mark.parametrize(
    ("after", "helps"),
    [((RIGHT, RIGHT), True), ((RIGHT, WRONG), True), ((WRONG, RIGHT), False)],
    ids=["all serve inference", "another verdict", "the same verdicts"],
)
def test_strip_helps_where_it_changes_a_verdict(
    after: tuple[Any, Any], helps: bool, given: Callable[..., None]
) -> None:
    stripped = forecasts(*after)
    given(stripped)
    found = conversion.for_converters(REPORT, forecasts(WRONG, RIGHT))
    assert found == (("fix of True", stripped) if helps else (None, ()))


@pytest.mark.parametrize(
    "facts",
    [
        {"stripped": "refused"},
        {"stripped": forecasts(RIGHT, RIGHT), "layers": ()},
        {"stripped": forecasts(RIGHT, RIGHT), "missing": "weights"},
    ],
    ids=["strip refuses", "no layer is left", "weights are missing"],
)
def test_what_cannot_be_stripped_is_not_forecast(facts: dict[str, Any], given: Callable[..., None]) -> None:
    given(**facts)
    assert conversion.for_converters(REPORT, forecasts(WRONG, RIGHT)) == ("fix of True", ())
