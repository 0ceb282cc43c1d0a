"""strip and probe, of layers that arithmetic, conditionals within conditionals or several cases choose for.

The oracle is TensorFlow on the original, fed every value that sends the layer to the mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.models.open import load
from bninspect.run.session import Session
from tests.support.places import FIXTURES
from tests.support.probes import difference
from tests.support.stripping import strip

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow

CASES = FIXTURES / "cases"
IMAGES = np.random.default_rng(5).normal(0.5, 2, (6, 6, 6, 4)).astype(np.float32)
TOLERANCE = 1e-5
"""Of the largest value: the same kernels; a blend rounds once more."""
TRAINING: dict[str, list[dict[str, Any]]] = {
    "blend_of_outputs": [{"training": True}],
    "blend_of_statistics": [{"training": True}],
    "nested_two_predicates_of_outputs": [{"training": True, "export": False}],
    "nested_two_predicates_of_statistics": [{"training": True, "export": False}],
    "case_exclusive_refresh": [{"training": True}],
    "case_of_equal_cases": [{"phase": np.int32(0)}],
}
NESTED: list[dict[str, Any]] = [
    {"training": False, "export": False},
    {"training": False, "export": True},
    {"training": True, "export": True},
]
INFERENCE: dict[str, list[dict[str, Any]]] = {
    "blend_of_outputs": [{"training": False}],
    "blend_of_statistics": [{"training": False}],
    "nested_two_predicates_of_outputs": NESTED,
    "nested_two_predicates_of_statistics": NESTED,
    "case_exclusive_refresh": [{"training": False}],
    "case_of_equal_cases": [{"phase": np.int32(value)} for value in (1, 2, 3, 7)],
}


def run(path: Path, **feeds: Any) -> Any:
    with Session(path.read_bytes()) as session:
        fed = {f"{name}:0": np.asarray(value) for name, value in {"image": IMAGES, **feeds}.items()}
        return session.run(["output:0"], fed)[0]


@pytest.mark.parametrize("name", TRAINING)
@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_stripped_it_is_what_every_value_of_the_mode_serves(name: str, mode: Mode, tmp_path: Path) -> None:
    model, target = CASES / f"{name}.pb", tmp_path / "out.pb"
    result = strip(model, target, mode=mode)
    assert result.verification is not None
    assert result.verification.state == "verified"
    left = {node.op for node in load(str(target))}
    assert left.isdisjoint({"Switch", "Merge", "Cast"}) or "Assert" in left  # that no two cases hold
    assert [layer.mode for layer in inspect(load(str(target))).layers] == [mode]
    own = run(target)
    for fed in (TRAINING if mode is Mode.TRAINING else INFERENCE)[name]:
        right = run(model, **fed)
        assert np.abs(own - right).max() <= TOLERANCE * np.abs(right).max()


@pytest.mark.parametrize("name", TRAINING)
def test_the_two_modes_lie_apart_as_those_of_the_original(name: str) -> None:
    model = CASES / f"{name}.pb"
    report = inspect(load(str(model)))
    found = probe(report, Question(layers=report.layers, keep=True), Request(feeds=(), random=6, seed=1))
    assert found.verification.state == "verified"
    assert difference(found).max_abs > 1
