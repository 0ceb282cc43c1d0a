"""A sample of the fixtures through the converters that are installed: as forecast; after strip, inference."""

from __future__ import annotations

from pathlib import Path

import pytest

from bninspect.commands.forecast.trial import PACKAGES, missing
from tests.converters.trials import forecast_of, stripped, subjects, tried

SAMPLE = ("default_true.pb", "fixed_training_fused_2.pb", "layers_fused_2.pb", "fixed_inference_fused_115.pb")

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("converter", PACKAGES)
def test_serves_what_was_forecast(converter: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    reason = missing(converter)
    if reason is not None:
        pytest.skip(f"{converter}: {reason}")
    found, skipped = subjects(SAMPLE)
    assert len(found) >= len(SAMPLE)
    assert not skipped
    for name, one in tried(found, converter).items():
        [subject] = [subject for subject in found if subject.name == name]
        assert one.serves in (None, forecast_of(subject.report, converter).serves.value), name
    after = list(stripped(found, tmp_path))
    assert after
    for name, one in tried(after, converter).items():
        assert one.serves == "inference", f"{name}: {one.reason}"
