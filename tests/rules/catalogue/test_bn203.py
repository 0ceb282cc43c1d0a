"""BN203 invalid-statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import State, inspect
from bninspect.batchnorm.layer import Statistics
from bninspect.graph import load
from bninspect.rules import Case, judge, select
from bninspect.rules.catalogue import bn203
from tests.networks import faults
from tests.support.catching import caught, found, fused, replaced
from tests.support.parts import IMAGE, STORED, report
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

REFRESH = "bninspect refresh text --image DIR -o text.refreshed.pb"


def test_catches_infinity() -> None:
    finding = caught("BN203", IMAGE + replaced(mean="[0.5, 1e999, 0.25]") + fused())
    assert (finding.layer, finding.node) == ("y", "mean")
    assert "1 of 3 channels have a moving mean that is not finite, the first is channel 1" in finding.message
    assert finding.remedy == REFRESH


def test_catches_nan(tmp_path: Path) -> None:
    nan = faults.Stored(np.full(3, np.nan), np.ones(3))
    path = faults.write(FIXTURES / "layers_fused_115.pb", tmp_path / "m.pb", {"bn": nan})
    case = Case(report=inspect(load(str(path))))
    (finding,) = judge(case, select(["BN203"])).findings
    assert "3 of 3 channels" in finding.message


def test_catches_a_negative_variance() -> None:
    finding = caught("BN203", IMAGE + replaced(variance="[1.5, 2.5, -0.5]") + fused())
    assert finding.node == "variance"
    assert "a negative moving variance, the first is channel 2 (-0.5)" in finding.message


def test_catches_a_small_negative_variance() -> None:
    """Smaller than epsilon: numbers come out, and wrong ones."""
    assert found("BN203", IMAGE + replaced(variance="[1.5, 2.5, -0.0001]") + fused())


def test_catches_a_variance_of_0_without_epsilon() -> None:
    finding = caught("BN203", IMAGE + replaced(variance="[1.5, 0.0, 0.5]") + fused(epsilon=0.0))
    assert "variance + epsilon (0) of 0" in finding.message


def test_does_not_catch_a_variance_of_0_with_epsilon() -> None:
    assert not found("BN203", IMAGE + replaced(variance="[1.5, 0.0, 0.5]") + fused())


def test_does_not_catch_initial_statistics() -> None:
    text = replaced(mean="[0.0, 0.0, 0.0]", variance="[0.0, 0.0, 0.0]") + fused(epsilon=0.0)
    assert not found("BN203", IMAGE + text)


def test_does_not_catch_stored_statistics() -> None:
    assert not found("BN203", STORED + fused())


def test_catches_what_cannot_be_read() -> None:
    """And a layer that keeps none where they should be has no node to look at."""
    good = report(STORED + fused())
    broken = Statistics(state=State.INVALID, reason="mean of type string")
    for moving, node in ((good.layers[0].moving, "mean"), (None, None)):
        layer = replace(good.layers[0], statistics=broken, moving=moving)
        told = judge(Case(report=replace(good, layers=(layer,))), select(["BN203"]))
        (finding,) = told.findings
        assert (finding.layer, finding.node) == ("y", node)
        assert finding.message == "the statistics cannot be read: mean of type string"
        assert finding.remedy == REFRESH


def test_does_not_catch_what_is_absent_or_was_not_read() -> None:
    good = report(STORED + fused())
    for state in (State.ABSENT, State.UNREAD):
        layer = replace(good.layers[0], statistics=Statistics(state=state, reason="elsewhere"))
        assert not judge(Case(report=replace(good, layers=(layer,))), select(["BN203"])).findings


def test_the_author_is_the_remedy_where_refresh_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bn203, "refresh_command", lambda case, names: None)
    assert caught("BN203", IMAGE + replaced(mean="[0.5, 1e999, 0.25]") + fused()).remedy == bn203._GO_BACK
    good = report(STORED + fused())
    layer = replace(good.layers[0], statistics=Statistics(state=State.INVALID, reason="damaged"))
    (finding,) = judge(Case(report=replace(good, layers=(layer,))), select(["BN203"])).findings
    assert finding.remedy == bn203._GO_BACK


def test_catches_statistics_that_are_empty() -> None:
    """As in a training op whose mode was turned by hand: TensorFlow refuses to run it."""
    finding = caught("BN203", STORED + "none = Const([])\n" + fused().replace("mean, variance", "none, none"))
    assert (finding.layer, finding.message) == (
        "y",
        "the statistics cannot be read: what should hold them is empty",
    )
    assert finding.remedy is not None
