"""Models that recognition once got wrong: their layers, or what is said in their place."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from tests.support.places import FIXTURES

CASES = FIXTURES / "cases"
LAYERS = {
    "predicate_per_channel": [("bn1", "switched", "training:0", True, "stored", 0.001)],
    "negated_predicate_per_channel": [
        ("bn2", "switched", "is_test:0", False, "stored", 0.001),
        ("bn4", "switched", "is_test:0", False, "stored", 0.001),
    ],
    "tf_case_14": [("bn2/case", "switched", "training:0", True, "stored", 0.001)],
    "tf_case_exclusive_115": [("case", "switched", "training:0", True, "stored", 0.001)],
}
"""name, mode, source, the source's value for training, state of the statistics, epsilon"""


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    report = inspect(load(str(CASES / f"{name}.pb")))
    said = []
    for layer in report.layers:
        source = None if layer.switch is None else layer.switch.predicate.source
        said.append(
            (
                layer.name,
                layer.mode.value,
                None if source is None else source.name,
                None if layer.switch is None else layer.switch.training_when,
                layer.statistics.state.value,
                None if layer.epsilon is None else float(f"{layer.epsilon:.6g}"),
            )
        )
    assert said == LAYERS[name]
    assert (report.lookalikes, report.unrecognised) == ((), ())
