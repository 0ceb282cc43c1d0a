"""Re-estimation batch by batch: memory is that of a batch, and progress is told of each.

What the moments are is told by tests/check/test_refresh.py.
"""

from __future__ import annotations

import tracemalloc

import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.refresh.estimates import DRAWN
from bninspect.commands.refresh.reestimate import estimate
from bninspect.graph import load
from bninspect.inputs.request import Request
from tests.support.places import FIXTURES

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
