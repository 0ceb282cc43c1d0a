"""Stripped models convert, to the numbers of inference mode and with no conditional."""

from __future__ import annotations

import pytest

from tests.converters import CONVERTERS, MODELS, Model, outcome, why_not

OPENCV_REFUSES = {"stateless_if_net.pb", "tfkeras_if.pb"}
"""Arithmetic of constants that its reader does not fold; it refuses them before strip, too."""

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.file)
@pytest.mark.parametrize("converter", CONVERTERS)
def test_what_is_stripped_converts(converter: str, model: Model) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    reason = why_not(converter)
    if reason is not None:
        pytest.skip(f"{converter}: {reason}")
    refused = converter == "OpenCV" and model.file in OPENCV_REFUSES
    assert outcome(converter, model, stripped=True) == ("refused" if refused else "inference")


@pytest.mark.parametrize(
    ("file", "before"),
    [
        ("slim_resnet.pb", "asks at run time"),
        ("cond_ema_115.pb", "refused"),
        ("tfkeras_training.pb", "training"),
    ],
)
def test_what_is_not_stripped_does_not_convert_so(file: str, before: str) -> None:
    """So that the test above is one that can fail."""
    pytest.importorskip("tensorflow", reason="runs the model")
    [model] = [model for model in MODELS if model.file == file]
    assert outcome("TFLite", model, stripped=False) == before
