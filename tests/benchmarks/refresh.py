"""`python -m tests.benchmarks.refresh`: images per second of a refresh over those of the bare forward pass.

A ResNet-50 of 53 batch norms and PNG photographs of 300x400 in batches of 8. The refresh reads, decodes,
resizes and prepares the images, runs the model in training mode, takes the moments of every layer's x and
pools them; the bare pass runs the same graph on batches of that size, which lie ready in memory, and fetches
its output. Both take turns in one process, batch by batch. The first one is left out. Needs TensorFlow;
exit code 1 where the promise is broken.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode, inspect
from bninspect.commands.refresh.reestimate import estimate
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.run.session import require
from tests.benchmarks.models import resnet50
from tests.benchmarks.probe import BARE, passes
from tests.benchmarks.probe_command import photographs

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH, BATCHES, SEED = 8, 12, 0
LEAST_SPEED = 0.75


@dataclass(slots=True)
class Turns:
    """Called before each batch of the refresh, and at its end: the bare pass has its turn, and both are
    timed.
    """

    bare: Callable[[], object]
    ours: list[tuple[float, float]] = field(default_factory=list)
    """Seconds on the clock and of the processors of each batch."""
    theirs: list[tuple[float, float]] = field(default_factory=list)
    began: tuple[float, float] | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.perf_counter(), time.process_time()
        if self.began is not None:
            self.ours.append((now[0] - self.began[0], now[1] - self.began[1]))
        if done < total:
            self.bare()
            after = time.perf_counter(), time.process_time()
            self.theirs.append((after[0] - now[0], after[1] - now[1]))
        self.began = time.perf_counter(), time.process_time()


def speed(model: Path, images: Path) -> Turns:
    """The refresh of all images, with the bare pass in between."""
    report = inspect(load(str(model)))
    turns = Turns(passes(model, Mode.TRAINING, BARE))
    request = Request(images=(str(images),), batch_size=BATCH)
    estimate(report, report.layers, request, progress=turns)
    return turns


def main() -> int:
    """Measures, prints the table; 1 if the promise is broken."""
    if find_spec("tensorflow") is None:
        print("TensorFlow is not installed: there is no pass to measure")
        return 0
    require()
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        model, images = Path(folder) / "resnet.pb", Path(folder) / "images"
        nodes = resnet50(model)
        photographs(images, BATCH * BATCHES, SEED)
        print(f"ResNet-50, {nodes} nodes, {BATCHES} batches of {BATCH}, seed {SEED}, {os.cpu_count()} cores")
        turns = speed(model, images)
        for what, place in (("images a second", 0), ("the same, processor time", 1)):
            ours, theirs = (
                BATCH / statistics.median(taken[place] for taken in side[1:])
                for side in (turns.ours, turns.theirs)
            )
            kept.append(ours / theirs >= LEAST_SPEED)
            told = f"at least {LEAST_SPEED:<6} {'kept' if kept[-1] else 'BROKEN'}"
            print(f"{what:<40} {ours:8.2f} / {theirs:8.2f} = {ours / theirs:.2f}   {told}", flush=True)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
