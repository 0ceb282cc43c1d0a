"""`python -m tests.benchmarks.graph`: the promises about `bninspect graph` and `--help`.

Prints what was measured beside what is promised; exit code 1 where a promise is broken. Seconds are those of
the processor, the best of several turns, so that what else the machine does weighs little. TensorFlow is only
the yardstick of the first line, which is left out where it is not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.models import chain, resnet50
from tests.benchmarks.processes import anonymous_memory, fastest, seconds
from tests.benchmarks.promises import (
    MEGABYTE,
    Measured,
    beside_imports,
    beside_tensorflow,
    table,
    without_weights,
)

PAIRS = 5_000
LIBRARIES = (
    "numpy, rich.console, rich.table, click.core, google.protobuf.descriptor_pool, "
    "google.protobuf.message_factory"
)
"""What `graph` is made of besides our own code."""


def command(path: Path | str) -> list[str]:
    return ["-m", "bninspect", "graph", str(path)]


def weights(folder: Path) -> Iterator[Measured]:
    """Time and unmapped memory on 1.5 GB over those of the same graph with small weights."""
    yield from without_weights(folder, "graph", command)
    large, tiny = folder / "large.pb", folder / "tiny.pb"
    memory = [anonymous_memory(command(path)) for path in (large, tiny)]
    if memory[0] is None or memory[1] is None:
        print("/proc tells nothing here: memory is not measured")
        return
    more = (memory[0] - memory[1]) / MEGABYTE
    yield Measured("  unmapped memory more", f"{more:.1f} MB", "at most 64 MB", more <= 64)


def many_nodes(folder: Path) -> Iterator[Measured]:
    """Seconds for 100,000 nodes over those for a ResNet-50, and how they grow from half as many."""
    half, whole, model = folder / "half.pb", folder / "whole.pb", folder / "resnet.pb"
    resnet50(model)
    chain(half, PAIRS // 2)
    nodes = chain(whole, PAIRS)
    for form in ("table", "json"):
        commands = [[*command(path), "--format", form] for path in (half, whole, model)]
        short, long, usual = fastest(*commands, rounds=3)
        yield Measured(
            f"graph, {nodes:,} nodes, {2 * PAIRS:,} batch norms / ResNet-50, {form}",
            f"{long:.2f} s / {usual:.3f} s = {long / usual:.1f}",
            "at most 8",
            long <= 8 * usual,
        )
        yield Measured(f"  over half as many ({form})", f"{long / short:.2f}", "about 2", long <= 2.5 * short)


def help_page() -> Iterator[Measured]:
    """What `--help` imports, and its time over that of Python and click."""
    banned = ("numpy", "rich", "google", "tensorflow")
    script = (
        "import sys; from bninspect.cli import run; run(['--help']); "
        f"sys.exit(' '.join(name for name in {banned!r} if name in sys.modules) or 0)"
    )
    try:
        seconds(["-c", script])
        found = "none of them"
    except RuntimeError as error:
        found = str(error)
    yield Measured(
        "--help imports numpy, rich, protobuf, tensorflow", found, "none of them", found == "none of them"
    )
    ours, bare = fastest(["-m", "bninspect", "--help"], ["-c", "import click, click.core"], rounds=7)
    yield Measured(
        "--help / import click",
        f"{ours:.3f} s / {bare:.3f} s = {ours / bare:.2f}",
        "at most 1.3",
        ours <= 1.3 * bare,
    )


def parts(folder: Path) -> list[Iterator[Measured]]:
    """What is measured, in order."""
    return [
        beside_imports(folder, "graph", command, LIBRARIES),
        beside_tensorflow(folder, "graph", command, 10),
        weights(folder),
        many_nodes(folder),
        help_page(),
    ]


if __name__ == "__main__":
    sys.exit(table(parts))
