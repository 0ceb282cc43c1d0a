"""Ghost batches: what is measured are the images, whatever groups the layer takes its moments over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.support.places import FIXTURES
from tests.support.refreshing import refresh

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.measure.facts import Probe

pytestmark = pytest.mark.tensorflow
MODEL = FIXTURES / "cases" / "ghost_batches.pb"
"""Groups of 8 images."""
NEAR = 1e-5
"""Of values of about 1, for sums in another order."""


@pytest.fixture(scope="module")
def measured() -> Probe:
    report = inspect(load(str(MODEL)), outputs=("conv1/Conv2D", "logits"))
    question = Question(layers=report.layers, keep=True, companions=True)
    return probe(report, question, Request(random=16))


def test_the_moments_are_those_of_every_image(measured: Probe) -> None:
    x = np.asarray(measured.kept["training/conv1/Conv2D:0"], np.float64)
    (layer,) = measured.layers
    for one in (layer.own, layer.deployed):
        assert one is not None
        assert (one.moments.images, one.moments.values) == (16, 12 * 12)
        np.testing.assert_allclose(one.moments.mean, x.mean((1, 2)), atol=NEAR)
        np.testing.assert_allclose(one.moments.variance, x.var((1, 2)), atol=NEAR)


def test_it_is_verified_on_a_whole_group(measured: Probe) -> None:
    """Two images, as many as are compared elsewhere, are no multiple of 8."""
    assert measured.verification.state == "verified", measured.verification.reason
    assert measured.companions is not None
    assert (measured.companions.reason, measured.companions.images) == (None, 16)
    assert not measured.companions.dependent


def test_refresh_gives_the_statistics_of_all_images(measured: Probe, tmp_path: Path) -> None:
    refresh(MODEL, tmp_path / "out.pb", Request(random=16))
    x = np.asarray(measured.kept["training/conv1/Conv2D:0"], np.float64)
    (layer,) = inspect(load(str(tmp_path / "out.pb"))).layers
    assert layer.statistics.values is not None
    mean, variance = layer.statistics.values.numbers()
    np.testing.assert_allclose(mean, x.mean((0, 1, 2)), atol=NEAR)
    np.testing.assert_allclose(variance, x.var((0, 1, 2)), rtol=2e-3)  # of a sample: n / (n - 1)
