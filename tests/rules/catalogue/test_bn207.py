"""BN207 half-precision-statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.rules import Case, judge, select
from tests.networks import faults
from tests.support.catching import found, fused, of_fixture
from tests.support.parts import STORED
from tests.support.places import FIXTURES
from tests.support.text import graphdef

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.rules import Finding

HALF = 19


def of_values(folder: Path, file: str, mean: float, variance: float) -> list[Finding]:
    """What is said of a fixture whose last channel holds these statistics."""
    stored = faults.Stored(np.array([0.5, -0.5, mean]), np.array([1.5, 2.5, variance]))
    path = faults.write(FIXTURES / file, folder / "m.pb", {"bn": stored})
    return list(judge(Case(report=inspect(load(str(path)))), select(["BN207"])).findings)


def test_catches_statistics_in_float16(tmp_path: Path) -> None:
    message = graphdef(STORED + fused())
    for node in message.node:
        if node.name == "variance":
            tensor = node.attr["value"].tensor
            halves = np.array(list(tensor.float_val), np.float16).view(np.uint16)
            del tensor.float_val[:]
            tensor.half_val.extend(map(int, halves))
            tensor.dtype = node.attr["dtype"].type = HALF
    path = tmp_path / "m.pb"
    path.write_bytes(message.SerializeToString())
    (finding,) = judge(Case(report=inspect(load(str(path)))), select(["BN207"])).findings
    assert (finding.layer, finding.node) == ("y", "mean")
    assert "the moving variance is kept in float16" in finding.message


def test_catches_a_number_beyond_float16(tmp_path: Path) -> None:
    (finding,) = of_values(tmp_path, "half_v3.pb", 1.0, 70000.0)
    assert "a statistic of 70,000, where x is float16" in finding.message
    assert of_values(tmp_path, "half_decomposed.pb", -1e5, 1.0)


def test_catches_a_variance_that_becomes_0(tmp_path: Path) -> None:
    (finding,) = of_values(tmp_path, "half.pb", 1.0, 1e-8)
    assert "1 of 3 variances, the smallest 1.0e-08, are 0 in float16" in finding.message


def test_the_smallest_variance_is_one_above_0(tmp_path: Path) -> None:
    stored = faults.Stored(np.zeros(3) + 0.5, np.array([0.0, 1e-8, 1e-9]))
    path = faults.write(FIXTURES / "half.pb", tmp_path / "m.pb", {"bn": stored})
    (finding,) = judge(Case(report=inspect(load(str(path)))), select(["BN207"])).findings
    assert finding.message.startswith("2 of 3 variances, the smallest 1.0e-09, are 0 in float16")


def test_does_not_catch_large_numbers_beside_float32(tmp_path: Path) -> None:
    assert not of_values(tmp_path, "layers_fused_115.pb", 1e5, 70000.0)


def test_does_not_catch_float32_beside_float16() -> None:
    for file in ("half.pb", "half_decomposed.pb", "half_v2.pb", "half_v3.pb"):
        assert not of_fixture("BN207", file)


def test_does_not_catch_float32() -> None:
    assert not found("BN207", STORED + fused())


def test_does_not_catch_a_variance_that_is_0_anywhere(tmp_path: Path) -> None:
    assert not of_values(tmp_path, "half.pb", 1.0, 0.0)
