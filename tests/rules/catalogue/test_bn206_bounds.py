"""BN206 dominant-epsilon: at each of its bounds and beyond, in powers of two, which float32 holds exactly."""

from __future__ import annotations

import pytest

from bninspect.rules import Case, judge, select
from bninspect.statistics import thresholds
from tests.support.reports import layer, report, statistics

KEEPS = "so that a channel of that variance keeps {} of its spread"
OUTLIES = "it is 9.8e-04 in most layers"


@pytest.mark.parametrize(
    ("epsilon", "variance", "others", "words"),
    [
        (2.0**-6, 2.0**-6, 0, KEEPS.format("0.71")),
        (2.0**-6, 2.0**-5, 0, None),
        (2.0**-5, 2.0**-2, 0, KEEPS.format("0.94")),
        (2.0**-5, 2.0**-1, 0, None),
        (2.0**-6, 2.0**-3, 0, None),
        (2.0**-7, 2.0**-1, 2, OUTLIES),
        (2.0**-7, 2.0**-1, 1, None),
        (2.0**-7, 2.0**0, 3, None),
        (2.0**-8, 2.0**-2, 3, None),
        (2.0**-1, 2.0**0, 3, KEEPS.format("0.82")),
        (2.0**-6, 0.0, 3, None),
        (0.0, 2.0**0, 3, None),
    ],
    ids=["as much", "half", "an unusual one, an eighth", "an unusual one, less", "a usual one, an eighth",
         "an outlier of three", "of two", "too small to count", "no outlier", "both", "no variance", "none"],
)  # fmt: skip
def test_an_epsilon_counts_from_its_bounds_on(
    epsilon: float, variance: float, others: int, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, bound in (
        ("DOMINANT_EPSILON", 1.0),
        ("LARGE_EPSILON", 2.0**-3),
        ("USUAL_EPSILON", 2.0**-6),
        ("OUTLYING_EPSILON", 8.0),
        ("NOTICEABLE_EPSILON", 2.0**-6),
    ):
        monkeypatch.setattr(thresholds, name, bound)
    held = statistics([0.5, 1.0, 2.0], [variance] * 3)
    layers = [layer(f"bn{number}", epsilon=2.0**-10) for number in range(others)]
    found = report(layer("it", epsilon=epsilon, statistics=held), *layers)
    findings = judge(Case(report=found), select(["BN206"])).findings
    assert [one.layer for one in findings] == ([] if words is None else ["it"])
    assert all(one.message.endswith(words or "") for one in findings)
