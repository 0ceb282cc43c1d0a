"""A layer before a While of functions: the loop adds no output, and the layer is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.naming import named_as
from bninspect.graph import flatten, load
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

MODEL = str(FIXTURES / "cases" / "while_of_two_results.pb")
OUTSIDE = "batchnorm/add_1"


def test_what_nobody_reads_of_a_while_is_no_output() -> None:
    assert [tensor.name for tensor in inspect(load(MODEL)).outputs] == ["output:0"]


def test_a_while_at_the_end_is_the_output() -> None:
    report = inspect(load(MODEL), outputs=["while"])
    assert [tensor.name for tensor in report.outputs] == ["while:0"]


def test_a_layer_keeps_its_name_whatever_is_written_out() -> None:
    whole = inspect(load(MODEL))
    assert whole.layers[0].name == OUTSIDE
    outer = inspect(flatten(whole.graph.graphdef, loops=False))
    [layer] = outer.layers
    assert layer.name != OUTSIDE, "alone it has a shorter name"
    renamed = named_as(whole, outer)
    assert [layer.name for layer in renamed.layers] == [OUTSIDE]
    assert [layer.name for group in renamed.switches for layer in group.layers] == [OUTSIDE]


@pytest.mark.tensorflow
def test_the_layer_before_the_loop_is_measured(tmp_path: Path) -> None:
    image = np.random.default_rng(0).normal(2, 3, (8, 6, 6, 4)).astype(np.float32)
    np.save(tmp_path / "image.npy", image)
    report = inspect(load(MODEL))
    found = probe(
        report, Question(layers=report.layers), Request(feeds=(f"image=@{tmp_path / 'image.npy'}",))
    )
    [layer] = found.layers
    assert (layer.layer.name, found.verification.state) == (OUTSIDE, "verified")
    assert (layer.images, layer.values) == (8, 8 * 6 * 6)  # counted, since no image is known
    assert found.kept == {}  # whole outputs are kept only where that is asked for
    assert layer.own is not None
    pooled = layer.own.moments.pooled()
    assert np.allclose(pooled.mean, image.mean((0, 1, 2), np.float64), rtol=1e-5)
    assert np.allclose(pooled.variance, image.var((0, 1, 2), np.float64), rtol=1e-5)
    assert [skipped.what for skipped in found.skipped] == [report.layers[1].name]
