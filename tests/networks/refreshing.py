"""What `refresh` writes of drawn images, for many draws at a time: they run in one session, one set behind
the other, and each is folded by itself. `test_recorded` holds it against the command.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bninspect.commands.refresh.plan import RefreshOptions, plan_model
from bninspect.commands.refresh.reestimate import empty_fold, estimate
from bninspect.commands.refresh.refreshed import rows, were_good
from bninspect.inputs.request import Request
from bninspect.rewrite.statistics.refill import filling
from tests.networks.faults import Stored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.commands.refresh.estimates import Fold
    from bninspect.rewrite.statistics.slots import Slot
    from bninspect.statistics.pooling import Moments

    Bytes = NDArray[np.uint8]

BATCH, SEED = 32, 20261126
"""Images of a batch, as in the training; and of what is drawn."""


class Refreshed(NamedTuple):
    """What one set of images gave."""

    statistics: Mapping[str, Stored]
    """Layer -> what is written."""
    warns: bool
    """Whether `refresh` says that the old statistics, of which a share was kept, were good."""


def drawn(images: Bytes, count: int, draws: int) -> Bytes:
    """So many sets of `count` of the images, each at most once in a set, one set behind the other."""
    sets = [
        np.random.default_rng((SEED, draw)).choice(len(images), count, replace=False) for draw in range(draws)
    ]
    return images[np.concatenate(sets)]


def as_bytes(images: NDArray[np.float32]) -> Bytes:
    """Images of 0 to 1 as they are stored."""
    return np.round(images * 255).astype(np.uint8)


def refreshed(path: Path, images: Bytes, count: int, folder: Path, prior: int = 0) -> list[Refreshed]:
    """What `refresh --prior` (0: without) writes of each `count` of these images alone. A set is one batch,
    or consists of full ones.
    """
    batch = min(count, BATCH)
    np.save(folder / "x.npy", images)
    request = Request(data=(str(folder / "x.npy"),), preprocess="unit", batch_size=batch)
    options = RefreshOptions(prior=prior or None)
    plan, share = plan_model(path, options), options.kept_share(count)
    kept = (lambda _: share) if prior else None
    run = estimate(plan.report, plan.layers, request, kept=kept, keep=True)
    found = []
    for first in range(0, len(images) // batch, count // batch):
        fold = empty_fold(plan.report, plan.layers, stripped=False)
        for number in range(first, first + count // batch):
            fold.add({name: one.batches[number] for name, one in run.layers.items()}, batch)
        fillings = [filling(slot, _moments(fold, slot), share) for slot in plan.slots]
        written = {one.slot.layers[0].name: Stored(one.mean, one.variance) for one in fillings}
        before = rows(plan.layers, fillings, replace(run, layers=fold.layers), {})
        found.append(Refreshed(written, bool(share) and were_good(before)))
    return found


def _moments(fold: Fold, slot: Slot) -> Moments:
    """Of the layer of a slot that no other shares."""
    (layer,) = slot.layers
    return fold.layers[layer.name].sums.pooled()
