"""Re-estimation batch by batch: memory is that of a batch, and progress is told of each.

What the moments are is told by tests/check/test_refresh.py.
"""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.refresh.batches import training_run
from bninspect.commands.refresh.estimates import DRAWN
from bninspect.commands.refresh.reestimate import estimate
from bninspect.commands.refresh.training_program import training_program
from bninspect.graph import load
from bninspect.inputs.request import Request
from tests.rewrite.conditionals import layer, write
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow

BATCH = 4
FEW, MANY = 20, 400
"""Batches."""
SLACK = 100_000
"""Bytes that two runs may differ by; the moments of every batch, kept, would be some 800,000 more."""


def peak(batches: int) -> int:
    """The most that Python and NumPy held at once, in bytes above what they held before."""
    report = inspect(load(str(FIXTURES / "net_mixed.pb")))
    request = Request(random=BATCH * batches, batch_size=BATCH)
    estimate(report, report.layers, Request(random=1))  # what is made once
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        estimate(report, report.layers, request)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_images() -> None:
    few, many = peak(FEW), peak(MANY)
    print(f"{FEW} batches {few:,} bytes, {MANY} batches {many:,} bytes")
    assert abs(many - few) < SLACK


def test_progress_is_told_of_every_batch() -> None:
    report = inspect(load(str(FIXTURES / "net_mixed.pb")))
    told: list[tuple[int, int]] = []
    found = estimate(
        report,
        report.layers,
        Request(random=10, batch_size=BATCH),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(0, 10), (4, 10), (8, 10), (10, 10)]
    assert (found.images, found.batch_size, found.last) == (10, BATCH, 2)
    assert list(found.layers) == [layer.name for layer in report.layers]


def test_with_no_layer_to_estimate_nothing_runs() -> None:
    report = inspect(load(str(FIXTURES / "net_mixed.pb")))
    found = estimate(report, (), Request(random=4))
    assert (found.layers, found.left, found.images, found.how) == ({}, {}, 0, {})


def test_how_images_became_input_is_kept() -> None:
    report = inspect(load(str(FIXTURES / "net_mixed.pb")))
    found = estimate(report, report.layers, Request(random=2, preprocess="unit", channels="bgr"))
    assert found.how[DRAWN] == "random"
    assert (found.how["preset"], found.how["order of colours"]) == ("unit", "bgr")


def test_a_batch_draws_the_same_whoever_measures_it(tmp_path: Path) -> None:
    """So that the parts of many processes are those of one."""

    def build(tf: Any, x: Any) -> Any:
        training = tf.compat.v1.placeholder(tf.bool, [], name="training")
        kept = x * tf.random.uniform(tf.shape(x))
        return layer(kept, training, "bn", trains_when=True)

    report = inspect(load(str(write(tmp_path / "drawing.pb", build))))
    made = training_program(report, report.layers, stripped=False)
    run = training_run(report, made, Request(random=12, batch_size=4), ())
    with closing(run):
        whole = [batch["bn"].moments.mean for batch, _ in run.task(0, 3).batches]
        for index in (2, 0, 1):
            ((batch, _),) = run.task(index, index + 1).batches
            np.testing.assert_array_equal(batch["bn"].moments.mean, whole[index])
    assert not np.array_equal(whole[0], whole[1])
