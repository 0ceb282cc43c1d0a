"""`python -m tests.benchmarks.report`: the promises about `bninspect report` without inputs.

Prints what was measured beside what is promised; exit code 1 where a promise is broken. Seconds are those of
the processor, the best of several turns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.models import resnet50
from tests.benchmarks.processes import fastest
from tests.benchmarks.promises import Measured, table

MOST_BYTES = 300_000


def page(folder: Path) -> Iterator[Measured]:
    """The whole process over `graph` on the same file, and what the page weighs."""
    model, target = folder / "resnet.pb", folder / "page.html"
    resnet50(model)
    report = ["-m", "bninspect", "report", str(model), "-o", str(target)]
    ours, graph = fastest(report, ["-m", "bninspect", "graph", str(model)], rounds=9)
    yield Measured(
        "report without inputs, ResNet-50 / graph",
        f"{ours:.3f} s / {graph:.3f} s = {ours / graph:.2f}",
        "at most 1.5",
        ours <= 1.5 * graph,
    )
    size = target.stat().st_size
    yield Measured("  the page", f"{size / 1000:.0f} kB", "at most 300 kB", size <= MOST_BYTES)


def parts(folder: Path) -> list[Iterator[Measured]]:
    """What is measured, in order."""
    return [page(folder)]


if __name__ == "__main__":
    sys.exit(table(parts))
