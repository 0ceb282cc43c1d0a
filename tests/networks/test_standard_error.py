"""The standard error that `refresh` says, against the spread over redrawn images of a trained network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.refresh.estimates import Fold
from bninspect.commands.refresh.reestimate import estimate
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.statistics.certainty import standard_error
from tests.networks import KINDS, Trained

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.commands.refresh.estimates import Estimate
    from bninspect.statistics.pooling import Moments

pytestmark = pytest.mark.tensorflow

DRAWS, BATCHES, BATCH = 100, 4, 16
EPSILON = 1e-3


def squared_error(found: Moments, right: Moments) -> float:
    """The mean over channels of W^2."""
    d = (found.mean - right.mean) / np.sqrt(right.variance + EPSILON)
    r = np.sqrt((found.variance + EPSILON) / (right.variance + EPSILON))
    return float((d**2 + (r - 1) ** 2).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_the_standard_error_is_the_spread_of_redrawn_images(
    kind: str, network: Callable[[str], Trained], tmp_path: Path
) -> None:
    trained = network(kind)
    images = np.round(trained.train.images * 255).astype(np.uint8)
    drawn = np.random.default_rng(5).integers(0, len(images), DRAWS * BATCHES * BATCH)
    np.save(tmp_path / "x.npy", images[drawn])
    report = inspect(load(str(trained.path)))
    request = Request(data=str(tmp_path / "x.npy"), preprocess="unit", batch_size=BATCH)  # type: ignore[arg-type]
    found = estimate(report, report.layers, request, keep=True)
    for name, whole in found.layers.items():
        seen, predicted = [], []
        for start in range(0, DRAWS * BATCHES, BATCHES):
            one = redrawn(whole, start)
            seen.append(squared_error(one.spread.moments, whole.spread.moments))
            predicted.append((standard_error(one.spread, EPSILON, one.between) or 0.0) ** 2)
        ratio = np.sqrt(np.mean(predicted) / np.mean(seen))
        print(f"{kind} {name}: {np.sqrt(np.mean(seen)):.4f}, said {np.sqrt(np.mean(predicted)):.4f}")
        assert ratio == pytest.approx(1.0, abs=0.2), name


def redrawn(whole: Estimate, start: int) -> Estimate:
    """One set of images, as a refresh of it would have it."""
    fold = Fold(epsilons={})
    for spread in whole.batches[start : start + BATCHES]:
        fold.add({"": spread}, BATCH)
    return fold.layers[""]
