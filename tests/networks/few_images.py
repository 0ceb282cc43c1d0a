"""`python -m tests.networks.few_images`: what 64 images and more can do for the dense network. What was
measured is kept (`tests.networks.recorded`), and docs/few-images.md has the table.

The network runs in NumPy, in float64. Statistics are taken of drawn training images in several ways, some of
which know more than the images say; accuracy is that on the test images, in inference mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.graph import load
from bninspect.graph.trace import stored_value
from tests.networks import recorded
from tests.networks.store import known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.networks import Trained

    Floats = NDArray[np.float64]
    Statistics = list[tuple[Floats, Floats]]
    Change = Callable[[int, Floats, Floats], tuple[Floats, Floats]]

KIND = "dense_decomposed"
LAYERS, EPSILON, BATCH = 6, 1e-3, 32
COUNTS, DRAWS = (64, 128, 160, 256), 200


class Network:
    """The weights, and both modes."""

    def __init__(self, path: Path) -> None:
        graph = load(str(path))

        def constant(name: str) -> Floats:
            value: Any = stored_value(graph.node(name))
            return np.asarray(value.array(), np.float64)

        names = [f"block{number}" for number in range(1, LAYERS + 1)]
        self._weights = [constant(f"{name}/weights") for name in names]
        self._gamma = [constant(f"{name}/bn/gamma") for name in names]
        self._beta = [constant(f"{name}/bn/beta") for name in names]
        self._last, self._bias = constant("dense/weights"), constant("dense/bias")
        self.healthy: Statistics = [
            (constant(f"{name}/bn/moving_mean"), constant(f"{name}/bn/moving_variance")) for name in names
        ]

    def of_batch(
        self, images: Floats, change: Change = lambda layer, mean, variance: (mean, variance)
    ) -> Statistics:
        """The statistics that each layer normalizes these images with: their own, changed."""
        x, found = images, []
        for layer in range(LAYERS):
            z = x @ self._weights[layer]
            found.append(change(layer, z.mean(axis=0), z.var(axis=0)))
            x = self._after(layer, z, *found[-1])
        return found

    def classes(self, images: Floats, statistics: Statistics) -> NDArray[np.int64]:
        """Of each image, in inference mode."""
        x = images
        for layer, (mean, variance) in enumerate(statistics):
            x = self._after(layer, x @ self._weights[layer], mean, variance)
        return np.asarray((x @ self._last + self._bias).argmax(axis=1))

    def _after(self, layer: int, z: Floats, mean: Floats, variance: Floats) -> Floats:
        normalized = (z - mean) / np.sqrt(variance + EPSILON)
        return np.asarray(np.maximum(normalized * self._gamma[layer] + self._beta[layer], 0.0))


def pooled(network: Network, images: Floats) -> Statistics:
    """As `refresh` pools batches of one size."""
    batches = [network.of_batch(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    found = []
    for layers in zip(*batches, strict=True):
        means, variances = (np.stack(part) for part in zip(*layers, strict=True))
        found.append((means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)))
    return found


def estimates(network: Network, images: Floats, whole: Statistics) -> dict[str, Statistics]:
    """The statistics of the images, by how they are taken. `whole`: those of all training images."""
    exact, unbiased = network.of_batch(images), len(images) / (len(images) - 1)
    both = list(zip(exact, whole, strict=True))
    return {
        "batches of 32, as `refresh` takes them": pooled(network, images),
        "exact, all in one batch": exact,
        "exact, variances times n/(n - 1)": [(mean, variance * unbiased) for mean, variance in exact],
        "exact, variances moved half way to the mean of their layer": network.of_batch(
            images, lambda _, mean, variance: (mean, (variance + variance.mean()) / 2)
        ),
        "exact, of copies moved by a pixel, too": network.of_batch(moved(images)),
        "exact means, and the variances of all 1,198 images": [(ours[0], all_[1]) for ours, all_ in both],
        "exact variances, and the means of all 1,198 images": [(all_[0], ours[1]) for ours, all_ in both],
    }


def moved(images: Floats) -> Floats:
    """The images, and each a pixel aside, up and down; what leaves at one edge enters at the other."""
    maps = images.reshape(-1, 8, 8)
    copies = [np.roll(maps, step, axis) for axis in (1, 2) for step in (1, -1)]
    return np.concatenate([maps, *copies]).reshape(-1, 64)


def near(trained: Trained, counts: Sequence[int], draws: int) -> dict[str, dict[str, int]]:
    """Way -> images -> how many draws come within one point of healthy."""
    network = Network(trained.path)
    train = (np.round(trained.train.images * 255) / 255).reshape(-1, 64).astype(np.float64)
    test = trained.test.images.reshape(-1, 64).astype(np.float64)
    whole = network.of_batch(train)

    def right(statistics: Statistics) -> float:
        return float((network.classes(test, statistics) == trained.test.labels).mean())

    healthy = right(network.healthy)
    found: dict[str, dict[str, int]] = {}
    for count in counts:
        for seed in range(draws):
            drawn = train[np.random.default_rng(seed).choice(len(train), count, replace=False)]
            for way, statistics in estimates(network, drawn, whole).items():
                hits = found.setdefault(way, {})
                hits[str(count)] = hits.get(str(count), 0) + (healthy - right(statistics) <= 0.01)
    return found


def main() -> None:
    """Measures, and keeps what was measured."""
    with known() as store:
        trained = store.network(KIND)
        recorded.write("few_images", {"draws": DRAWS, "near": near(trained, COUNTS, DRAWS)})


if __name__ == "__main__":
    main()
