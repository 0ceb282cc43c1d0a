"""`python -m tests.networks.priors`: what `refresh --prior` does with few images of a new domain.

The new domain is corrupted digits. Images of the training set are drawn from it, and a network that was
trained on clean digits is refreshed with them; its accuracy is that on corrupted test images, in inference
mode. Every network, corruption and prior gets the same draws. What was measured is kept
(`tests.networks.recorded`), and docs/few-images.md has the table.
"""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.networks import measuring, recorded
from tests.networks.digits import Digits
from tests.networks.refreshing import SEED, as_bytes, drawn, refreshed
from tests.networks.store import known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tests.networks import Trained

    Images = NDArray[np.float32]

NETWORKS = ("fused", "if", "residual_fused", "decomposed", "dense_decomposed")
COUNTS, PRIORS, DRAWS = (1, 8, 32), (0, 8, 32, 128), 8
"""Images, the images that old statistics count as (0: none are kept), and how often images are drawn."""
NOISE = 0.35
"""Its standard deviation, of pixels from 0 to 1."""


def less_contrast(images: Images) -> Images:
    """A quarter of it, around the middle grey."""
    return np.asarray(np.float32(0.5) + (images - np.float32(0.5)) / 4)


def blurred(images: Images) -> Images:
    """The mean over 3x3 pixels; edges are repeated."""
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    shifted = [framed[:, y : y + height, x : x + width] for y, x in product(range(3), repeat=2)]
    return np.asarray(np.mean(shifted, axis=0, dtype=np.float32))


def noisy(images: Images) -> Images:
    """With normal noise, which the seed and the number of images decide."""
    noise = np.random.default_rng((SEED, len(images))).normal(0, NOISE, images.shape)
    return np.asarray(np.clip(images + noise, 0, 1), np.float32)


CORRUPTIONS: dict[str, Callable[[Images], Images]] = {
    "none": lambda images: images,
    "contrast": less_contrast,
    "blur": blurred,
    "noise": noisy,
}


def of_network(trained: Trained, folder: Path, counts: Sequence[int], draws: int) -> dict[str, Any]:
    """Corruption -> how many test images are right before, and after each refresh, draw by draw; and which of
    the refreshes warn (1).
    """
    serving, found = measuring.Serving(trained.path), {}
    for name, corrupt in CORRUPTIONS.items():
        seen = as_bytes(corrupt(trained.test.images)).astype(np.float32) / np.float32(255)
        test, domain = Digits(seen, trained.test.labels), as_bytes(corrupt(trained.train.images))
        after = []
        for count, prior in product(counts, PRIORS):
            done = refreshed(trained.path, drawn(domain, count, draws), count, folder, prior)
            right = [serving.right(test, one.statistics) for one in done]
            warned = [int(one.warns) for one in done]
            after.append({"images": count, "prior": prior, "right": right, "warned": warned})
        found[name] = {"before": serving.right(test, {}), "after": after}
    return found


def main() -> None:
    """Measures, and keeps what was measured."""
    found = {}
    with known() as store, tempfile.TemporaryDirectory() as folder:
        for kind in NETWORKS:
            trained = store.network(kind)
            found[kind] = of_network(trained, Path(folder), COUNTS, DRAWS)
            print(kind, flush=True)
    facts = {"seed": SEED, "draws": DRAWS, "test_images": len(trained.test.labels)}
    recorded.write("priors", {**facts, "networks": found})


if __name__ == "__main__":
    main()
