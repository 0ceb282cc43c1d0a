"""The limits in the prose of docs/statistics.md are those of the thresholds and the presets."""

from __future__ import annotations

import pytest

from bninspect.inputs import preprocess
from bninspect.statistics import thresholds
from tests.pages import DOCS


def _numbers(values: object) -> str:
    return ", ".join(f"{value:g}" for value in values)  # type: ignore[attr-defined]


STATEMENTS = (
    f"F = {thresholds.SINGLE_IMAGE_FLOOR:g} for I = 1",
    f"`({thresholds.BENT:g}/n)^2`",
    f"mean W^2 is more than {thresholds.SIGNIFICANT:g} mean F",
    f"S from {thresholds.NOTE:g} is a note, from {thresholds.WARNING:g} a warning, from "
    f"{thresholds.ERROR:g} an error",
    f"`fine` if mean F is below {thresholds.DECIDABLE:g} and S below {thresholds.UNDECIDED:g}",
    f"|d| above {thresholds.EXTREME_D:g}",
    f"r outside 1/{thresholds.EXTREME_R:g} to {thresholds.EXTREME_R:g}",
    f"beyond {thresholds.EXTREME_SIGNIFICANT:g} F",
    f"BGR, minus {_numbers(preprocess._CAFFE_MEAN[::-1])}",
    f"0..1, minus {_numbers(preprocess._TORCH_MEAN)}, over {_numbers(preprocess._TORCH_STD)}",
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_page_says_the_limits_that_hold(statement: str) -> None:
    page = (DOCS / "statistics.md").read_text(encoding="utf-8")
    assert statement in " ".join(page.split())
