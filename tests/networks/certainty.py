"""`python -m tests.networks.certainty`: how right the standard error of `refresh` is, and where `--until`
ends. What was measured is kept (`tests.networks.recorded`), and docs/few-images.md has the tables.

Each network runs ORDERS orders of training images once, drawn with replacement, in batches of 32 as in the
training. All else is NumPy on the moments of these batches. The right number of batches for a W is the one
after which the error over all orders is W.

No rule ends within one batch for every network. Let batch moments z (of each channel the mean over the
standard deviation, and half the square over the variance) be normal with covariance S, so that the squared
error of n batches goes with tr S/n. With S + 2/n tr(S)/tr(S^2) S^2, and a little more, n + 3 batches are
right. A rule that ends rightly in both cases tells them apart after n + 1 batches, and no test does so better
than the likelihood ratio. So `most` is what no rule on moments of batches exceeds in both.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.commands.refresh.reestimate import empty_fold, estimate
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.statistics.certainty import standard_error
from bninspect.statistics.moment_sums import MomentSums
from tests.networks import recorded
from tests.networks.store import known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.commands.refresh.estimates import Estimate
    from bninspect.statistics.pooling import Moments
    from tests.networks import Trained

NETWORKS = (
    "fused", "residual_fused", "if", "separable_fused", "branched_fused", "dense_decomposed"
)  # fmt: skip
ORDERS, BATCHES, BATCH = 120, 24, 32
SETS = (3, 4, 8)
RIGHT = (2, 3, 4, 8, 12)
"""Batches."""
EPSILON = 1e-3
DRAWN_SETS = 40_000


def request_for(trained: Trained, folder: Path, count: int, batch: int) -> Request:
    """So many training images, drawn with replacement."""
    images = np.round(trained.train.images * 255).astype(np.uint8)
    np.save(folder / "x.npy", images[np.random.default_rng(5).integers(0, len(images), count)])
    return Request(data=str(folder / "x.npy"), preprocess="unit", batch_size=batch)  # type: ignore[arg-type]


def squared_error(found: Moments, right: Moments) -> float:
    """The mean over channels of W^2."""
    d = (found.mean - right.mean) / np.sqrt(right.variance + EPSILON)
    r = np.sqrt((found.variance + EPSILON) / (right.variance + EPSILON))
    return float((d**2 + (r - 1) ** 2).mean())


def said_over_seen(
    report: Report, layers: Mapping[str, Estimate], batches: int, *, by_image: bool
) -> tuple[float, float]:
    """The least and the largest of the layers, over disjoint sets of so many batches."""
    ratios = []
    for name, whole in layers.items():
        said, seen = [], []
        for start in range(0, len(whole.batches) - batches + 1, batches):
            fold = empty_fold(report, report.layers, stripped=False)
            for sums in whole.batches[start : start + batches]:
                fold.add({name: sums}, BATCH)
            one = fold.layers[name]
            sure = fold.look()
            error = standard_error(one.sums, EPSILON) if by_image else sure and sure.error
            said.append((error or 0.0) ** 2)
            seen.append(squared_error(one.sums.moments, whole.sums.moments))
        ratios.append(np.sqrt(np.mean(said) / np.mean(seen)))
    return round(min(ratios), 4), round(max(ratios), 4)


def within_one(report: Report, layers: Mapping[str, Estimate]) -> tuple[list[float], str]:
    """Of each right number the share of orders that end within a batch of it; and the layer that decides."""
    errors = np.array([[mean_error(one, count) for count in RIGHT] for one in layers.values()])
    wanted = np.sqrt(errors.max(axis=0))
    ends = np.full((ORDERS, len(RIGHT)), BATCHES + 1)
    for order in range(ORDERS):
        fold = empty_fold(report, report.layers, stripped=False)
        for number in range(BATCHES):
            row = order * BATCHES + number
            fold.add({name: one.batches[row] for name, one in layers.items()}, BATCH)
            sure = fold.look()
            assert sure is not None
            ends[order][(sure.error <= wanted) & (ends[order] > BATCHES)] = number + 1
    shares = (np.abs(ends - np.array(RIGHT)) <= 1).mean(axis=0)
    return list(shares), list(layers)[int(errors[:, -1].argmax())]


def mean_error(one: Estimate, batches: int) -> float:
    """The mean squared error over all orders after so many batches."""
    first = (one.batches[order * BATCHES :][:batches] for order in range(ORDERS))
    return float(
        np.mean([squared_error(MomentSums.merged(found).moments, one.sums.moments) for found in first])
    )


def most(one: Estimate, right: int) -> float:
    """The share that no rule exceeds in both of two cases (see the head of this file)."""
    pooled = one.sums.moments
    scale = pooled.variance + EPSILON
    means = np.stack([batch.moments.mean for batch in one.batches])
    squares = np.stack([batch.moments.variance for batch in one.batches]) + (means - pooled.mean) ** 2
    moments = np.hstack([means / np.sqrt(scale), squares / (2 * scale)])
    values = np.linalg.eigvalsh(np.cov(moments.T))
    share = values[values > 1e-9 * values.max()] / values.sum()
    larger = 1 + 2 / right * share / (share**2).sum()
    drawn = np.random.default_rng(0).chisquare(right, (DRAWN_SETS, len(share)))
    weights = (1 - 1 / larger) / 2
    fewer, more = np.sort(drawn @ weights), np.sort((drawn * larger) @ weights)
    limits: NDArray[Any] = np.linspace(fewer[0], more[-1], 4000)
    too_late = 1 - np.searchsorted(fewer, limits) / DRAWN_SETS
    too_early = np.searchsorted(more, limits) / DRAWN_SETS
    return float(1 - np.maximum(too_late, too_early).min())


def of_network(trained: Trained, folder: Path) -> dict[str, Any]:
    """Said over seen, the least and the largest of the layers, by number of batches; the same of four with
    the images as samples; the layer that is above W last, and by right number of batches the share of orders
    that end within one of it, and the most that a rule can reach.
    """
    report = inspect(load(str(trained.path)))
    request = request_for(trained, folder, ORDERS * BATCHES * BATCH, BATCH)
    layers = estimate(report, report.layers, request, keep=True).layers
    shares, last = within_one(report, layers)
    return {
        "said_over_seen": {
            str(count): said_over_seen(report, layers, count, by_image=False) for count in SETS
        },
        "of_images": said_over_seen(report, layers, SETS[1], by_image=True),
        "last": last,
        "within_one": {str(right): round(share, 4) for right, share in zip(RIGHT, shares, strict=True)},
        "most": {str(right): round(most(layers[last], right), 4) for right in RIGHT},
    }


def main() -> None:
    """Measures, and keeps what was measured."""
    found = {}
    with known() as store, tempfile.TemporaryDirectory() as folder:
        for kind in NETWORKS:
            found[kind] = of_network(store.network(kind), Path(folder))
            print(kind, flush=True)
    recorded.write("certainty", {"orders": ORDERS, "batch": BATCH, "networks": found})


if __name__ == "__main__":
    main()
