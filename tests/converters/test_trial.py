"""A sample of the fixtures through the converters that are installed: as forecast; after strip, inference.

A converter that is not installed is skipped, unless BNINSPECT_CONVERTERS=required.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bninspect.commands.forecast.trial import PACKAGES, missing
from tests.converters.trials import Subject, forecast_of, stripped, subjects, tried

SAMPLE = (
    "default_true.pb", "ewma_training.pb", "fixed_inference_fused_115.pb", "fixed_training_fused_2.pb",
    "layers_fused_2.pb",
)  # fmt: skip

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("converter", PACKAGES)
def test_serves_what_was_forecast(converter: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    reason = missing(converter)
    if reason is not None:
        assert os.environ.get("BNINSPECT_CONVERTERS") != "required", f"{converter}: {reason}"
        pytest.skip(f"{converter}: {reason}")
    found, skipped = subjects(SAMPLE)
    assert len(found) >= len(SAMPLE)
    assert not skipped
    assert_as_forecast(found, converter, {"inference", "training", "asks", "refuses", "other numbers"})
    after = list(stripped(found, tmp_path))
    assert after
    assert_as_forecast(after, converter, {"inference", "refuses"})


def assert_as_forecast(found: list[Subject], converter: str, allowed: set[str]) -> None:
    """What was forecast and what is seen are one thing, and allowed; but for what neither can tell."""
    reports = {subject.name: subject.report for subject in found}
    for name, one in tried(found, converter).items():
        wanted = forecast_of(reports[name], converter).serves.value
        if one.serves is not None and wanted != "unknown":
            assert one.serves == wanted, f"{name}: {one.reason}"
            assert one.serves in allowed, name
