"""refresh on networks trained on digits: what it measures, and the accuracy before and after.

The oracle takes the moments of each layer's x in NumPy, in float64. The images of the refresh are those of
the training, in batches of 32 as in the training; the accuracy is that on the test images, which are others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.check.refresh import refresh
from bninspect.graphdef import load
from bninspect.graphdef.writer import serialized
from bninspect.probe.inputs import Request
from bninspect.probe.session import Session
from bninspect.rewrite.strip import strip
from tests.networks import KINDS, Trained, faults, measuring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.check.refreshed import Refreshed

    Network = Callable[[str], Trained]

pytestmark = pytest.mark.tensorflow

BATCH = 32
IMAGES = 192
"""Of the training images, where no accuracy depends on it."""
ROUNDING = 2e-5
"""Relative to the standard deviation of a channel: float32 moments of float32 activations, and float32 in
the file."""
POINT = 0.01


@pytest.fixture(params=KINDS)
def trained(request: pytest.FixtureRequest, network: Network) -> Trained:
    return network(request.param)


def request_for(trained: Trained, count: int | None = IMAGES, **asked: Any) -> Request:
    files = sorted(trained.train_pngs.iterdir())[:count]
    facts = {"preset": "unit", "batch_size": BATCH, **asked}
    return Request(images=tuple(map(str, files)), **facts)


def refreshed(path: Path, target: Path, request: Request, *layers: str, **asked: Any) -> Refreshed:
    return refresh(path, target, request, layers=layers, checked=False, **asked)


def accuracy(trained: Trained, path: Path) -> float:
    """On the test images, in inference mode."""
    pruned = strip(inspect(load(str(path)), outputs=("logits",))).pruned
    with Session(serialized(pruned.graphdef)) as session:
        (logits,) = session.run(["logits:0"], {"image:0": trained.test.images})
    return float((logits.argmax(axis=1) == trained.test.labels).mean())


def assert_same(found: dict[str, faults.Stored], expected: dict[str, faults.Stored], rounding: float) -> None:
    """Of all layers, within so many standard deviations (variances: that share)."""
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        scale = np.sqrt(one.variance + 1e-3)
        np.testing.assert_array_less(np.abs(found[name].mean - one.mean) / scale, rounding, name)
        np.testing.assert_array_less(np.abs(found[name].variance - one.variance) / scale**2, rounding, name)


def test_what_is_written_is_what_numpy_says(trained: Trained, tmp_path: Path) -> None:
    moments = measuring.moments(trained.path, Mode.TRAINING, trained.train.images[:IMAGES], BATCH)
    expected = {
        name: faults.Stored(one.pooled().mean, one.pooled().variance) for name, one in moments.items()
    }
    done = refreshed(trained.forgotten, tmp_path / "new.pb", request_for(trained))
    assert done.left == ()
    assert_same(faults.statistics(tmp_path / "new.pb"), expected, ROUNDING)


def test_accuracy_before_and_after(trained: Trained, tmp_path: Path) -> None:
    whole = request_for(trained, None)
    stale = faults.inject(trained.path, tmp_path / "stale.pb", faults.shifted, trained.layers[2])
    rows = []
    for what, path, layers in (
        ("updates forgotten", trained.forgotten, ()),
        ("one layer stale", stale, ()),
        ("one layer stale, --layer", stale, (trained.layers[2],)),
    ):
        target = tmp_path / "after.pb"
        refreshed(path, target, whole, *layers)
        rows.append((what, accuracy(trained, path), accuracy(trained, target)))
    proper = accuracy(trained, trained.path)
    print(f"\n{trained.kind}: accuracy in inference mode, trained properly {proper:.3f}")
    for what, before, after in rows:
        print(f"  {what:<26} before {before:.3f}  after {after:.3f}")
    for what, before, after in rows:
        assert before < proper - 3 * POINT, what
        assert after >= proper - POINT, what


def test_a_second_refresh_changes_nothing(trained: Trained, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.pb", tmp_path / "twice.pb"
    refreshed(trained.forgotten, once, request_for(trained))
    refreshed(once, twice, request_for(trained))
    assert_same(faults.statistics(twice), faults.statistics(once), 1e-6)
