"""`python -m tests.networks.restored`: what few training images bring back where all statistics are lost.

The networks have statistics of 0 and 1, as before training; accuracy is that on the test images, in inference
mode. What was measured is kept (`tests.networks.recorded`), and docs/few-images.md has the table.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.networks import measuring, recorded
from tests.networks.refreshing import SEED, as_bytes, drawn, refreshed
from tests.networks.store import known

NETWORKS = ("fused", "decomposed", "if", "separable_fused", "branched_fused", "dense_decomposed")
COUNTS, DRAWS = (1, 8, 32, 64, 256), 10
"""Images, and how often they are drawn."""


def main() -> None:
    """Measures, and keeps what was measured."""
    found = {}
    with known() as store, tempfile.TemporaryDirectory() as folder:
        for kind in NETWORKS:
            trained = store.network(kind)
            serving, train = measuring.Serving(trained.path), as_bytes(trained.train.images)
            after = {}
            for count in COUNTS:
                done = refreshed(trained.forgotten, drawn(train, count, DRAWS), count, Path(folder))
                after[str(count)] = [serving.right(trained.test, one.statistics) for one in done]
            found[kind] = {
                "healthy": serving.right(trained.test, {}),
                "lost": measuring.Serving(trained.forgotten).right(trained.test, {}),
                "after": after,
            }
    facts = {"seed": SEED, "draws": DRAWS, "test_images": len(trained.test.labels)}
    recorded.write("restored", {**facts, "networks": found})


if __name__ == "__main__":
    main()
