"""refresh on networks trained on digits: what it measures, and the accuracy before and after.

The oracle takes the moments of each layer's x in NumPy, in float64. The images of the refresh are those of
the training, in batches of 32 as in the training; the accuracy is that on the test images, which are others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode
from bninspect.commands.refresh.refresh import write_moments
from bninspect.inputs.request import Request
from tests.networks import KINDS, Trained, faults, measuring
from tests.support.refreshing import refresh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.commands.refresh.refreshed import Refreshed

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
    facts = {"preprocess": "unit", "batch_size": BATCH, **asked}
    return Request(images=tuple(map(str, files)), **facts)


def refreshed(path: Path, target: Path, request: Request, *layers: str, **asked: Any) -> Refreshed:
    return refresh(path, target, request, layers=layers, checked=False, **asked)


def accuracy(trained: Trained, path: Path) -> float:
    """On the test images, in inference mode."""
    return measuring.Serving(path).right(trained.test, {}) / len(trained.test.labels)


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


def test_parts_and_the_order_of_batches_change_nothing(network: Network, tmp_path: Path) -> None:
    trained = network("fused")
    files = request_for(trained).images
    whole, backwards, merged = (tmp_path / f"{name}.pb" for name in ("whole", "backwards", "merged"))
    refreshed(trained.forgotten, whole, request_for(trained))
    batches = [files[start : start + BATCH] for start in range(0, IMAGES, BATCH)]
    reversed_files = tuple(file for batch in batches[::-1] for file in batch)
    refreshed(trained.forgotten, backwards, replace(request_for(trained), images=reversed_files))
    parts = []
    for start, end in ((128, 192), (0, 96), (96, 128)):
        parts.append(tmp_path / f"{start}.npz")
        asked = replace(request_for(trained), images=files[start:end])
        write_moments(trained.forgotten, parts[-1], asked)
    done = refresh(trained.forgotten, merged, parts=parts)
    assert (done.estimates.images, done.parts) == (IMAGES, 3)
    for other in (backwards, merged):
        assert_same(faults.statistics(other), faults.statistics(whole), 1e-6)
    scores = [row.before.score for row in done.rows if row.before is not None]
    assert scores == pytest.approx(before_all_at_once(trained, tmp_path), rel=1e-5)


def before_all_at_once(trained: Trained, tmp_path: Path) -> list[float | None]:
    done = refreshed(trained.forgotten, tmp_path / "again.pb", request_for(trained))
    return [row.before.score for row in done.rows if row.before is not None]


def test_other_batches_are_other_statistics(network: Network, tmp_path: Path) -> None:
    """What regrouping changes: in training mode an image's companions are part of what a layer sees."""
    trained = network("fused")
    found = {}
    for batch in (8, 16, 32, 64, 192):
        target = tmp_path / f"{batch}.pb"
        refreshed(trained.forgotten, target, request_for(trained, batch_size=batch))
        found[batch] = faults.statistics(target)
    target = tmp_path / "shuffled.pb"
    refreshed(trained.forgotten, target, request_for(trained, shuffle=True, seed=1))
    found[0] = faults.statistics(target)
    print("\nW against batches of 32, by layer:")
    apart = {}
    for batch, statistics in found.items():
        apart[batch] = [
            float(np.sqrt((gap(statistics[name], found[BATCH][name]) ** 2).mean())) for name in trained.layers
        ]
        print(f"  {batch or 'shuffled':>8}  " + "  ".join(f"{w:.4f}" for w in apart[batch]))
    for batch, rows in apart.items():
        assert rows[0] < 1e-5, batch  # what the first layer sees depends on no companions
        assert (max(rows) > 1e-3) == (batch != BATCH), batch
    assert max(apart[8]) > max(apart[16])


def gap(one: faults.Stored, other: faults.Stored) -> Any:
    """W of each channel."""
    scale = np.sqrt(other.variance + 1e-3)
    d = (one.mean - other.mean) / scale
    return np.hypot(d, np.sqrt(one.variance + 1e-3) / scale - 1)


def test_only_the_first_batches(network: Network, tmp_path: Path) -> None:
    trained = network("fused")
    done = refreshed(trained.forgotten, tmp_path / "some.pb", request_for(trained, batches=2))
    refreshed(trained.forgotten, tmp_path / "first.pb", request_for(trained, 2 * BATCH))
    assert done.estimates.images == 2 * BATCH
    assert_same(faults.statistics(tmp_path / "some.pb"), faults.statistics(tmp_path / "first.pb"), 1e-6)


def test_a_second_refresh_changes_nothing(trained: Trained, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.pb", tmp_path / "twice.pb"
    refreshed(trained.forgotten, once, request_for(trained))
    refreshed(once, twice, request_for(trained))
    assert_same(faults.statistics(twice), faults.statistics(once), 1e-6)
