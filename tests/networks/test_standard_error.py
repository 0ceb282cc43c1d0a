"""The standard error that `refresh` says, against the spread over redrawn images of a trained network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.refresh.reestimate import empty_fold, estimate
from bninspect.graph import load
from tests.networks import KINDS, Trained
from tests.networks.certainty import request_for, squared_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.commands.refresh.estimates import Fold

pytestmark = pytest.mark.tensorflow

DRAWS, BATCHES, BATCH = 100, 4, 16
RIGHT = (2, 3, 4, 8, 12)
"""Batches."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_standard_error_is_the_spread_of_redrawn_images(
    kind: str, network: Callable[[str], Trained], tmp_path: Path
) -> None:
    trained = network(kind)
    report = inspect(load(str(trained.path)))
    request = request_for(trained, tmp_path, DRAWS * BATCHES * BATCH, BATCH)
    found = estimate(report, report.layers, request, keep=True)
    for name, whole in found.layers.items():
        seen, predicted = [], []
        for start in range(0, DRAWS * BATCHES, BATCHES):
            fold = empty_fold(report, report.layers, stripped=False)
            for sums in whole.batches[start : start + BATCHES]:
                fold.add({name: sums}, BATCH)
            seen.append(squared_error(fold.layers[name].sums.moments, whole.sums.moments))
            predicted.append(said(fold) ** 2)
        ratio = np.sqrt(np.mean(predicted) / np.mean(seen))
        print(f"{kind} {name}: {np.sqrt(np.mean(seen)):.4f}, said {np.sqrt(np.mean(predicted)):.4f}")
        assert ratio == pytest.approx(1.0, abs=0.2), name


def test_until_ends_within_a_batch_where_images_are_the_samples(
    network: Callable[[str], Trained], tmp_path: Path
) -> None:
    """The last layer alone, the others in inference mode: no image depends on another, and the error falls
    as 1/n; the right number is that of the error over all draws.
    """
    trained = network("fused")
    report = inspect(load(str(trained.path)))
    request = request_for(trained, tmp_path, DRAWS * BATCHES * BATCH, BATCH)
    chosen = report.layers[-1:]
    found = estimate(report, chosen, request, keep=True)
    (name, whole), *_ = found.layers.items()
    errors = [squared_error(one.moments, whole.sums.moments) for one in whole.batches]
    for right in RIGHT:
        until, ends = np.sqrt(np.mean(errors) / (right - 0.5)), []
        for start in range(0, len(whole.batches) - right - 1, right + 2):
            fold = empty_fold(report, chosen, stripped=False)
            for sums in whole.batches[start : start + right + 2]:
                fold.add({name: sums}, BATCH)
                if said(fold) <= until:
                    ends.append(fold.images // BATCH)
                    break
        print(f"{right} batches: ended after {min(ends)} to {max(ends)}")
        assert len(ends) == len(whole.batches) // (right + 2)
        assert np.abs(np.array(ends) - right).max() <= 1, right


def said(fold: Fold) -> float:
    sure = fold.look()
    assert sure is not None
    return sure.error
