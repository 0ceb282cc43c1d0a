"""`python -m tests.benchmarks.graph`: the promises about `bninspect graph` and `--help`.

Prints what was measured beside what is promised; exit code 1 where a promise is broken. Seconds are those of
the processor, the best of several turns, so that what else the machine does weighs little. TensorFlow is only
the yardstick of the first line, which is left out where it is not installed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.models import chain, resnet50
from tests.benchmarks.processes import anonymous_memory, fastest, seconds

MEGABYTE = 1 << 20
LARGE, TINY = 4.0, 1 / 16
PAIRS = 5_000


class Measured(NamedTuple):
    """One promise."""

    what: str
    measured: str
    promise: str
    kept: bool


def command(path: Path | str) -> list[str]:
    return ["-m", "bninspect", "graph", str(path)]


def beside_tensorflow(folder: Path) -> Iterator[Measured]:
    """The whole process on 94 MB over the import of TensorFlow."""
    nodes = resnet50(folder / "resnet.pb")
    if find_spec("tensorflow") is None:
        print("TensorFlow is not installed: nothing to compare the whole process with")
        return
    ours, theirs = fastest(command(folder / "resnet.pb"), ["-c", "import tensorflow"])
    size = (folder / "resnet.pb").stat().st_size / 1e6
    yield Measured(
        f"graph, ResNet-50 ({nodes} nodes, {size:.0f} MB) / import tensorflow",
        f"{ours:.2f} s / {theirs:.2f} s = 1/{theirs / ours:.1f}",
        "at most 1/8",
        ours <= theirs / 8,
    )


def without_weights(folder: Path) -> Iterator[Measured]:
    """Time and unmapped memory on 1.5 GB over those of the same graph with small weights."""
    large, tiny = folder / "large.pb", folder / "tiny.pb"
    resnet50(large, LARGE)
    resnet50(tiny, TINY)
    long, short = fastest(command(large), command(tiny))
    size = large.stat().st_size / 1e9
    yield Measured(
        f"graph, {size:.1f} GB of weights / {tiny.stat().st_size / 1e6:.1f} MB",
        f"{long:.2f} s / {short:.2f} s = {long / short:.2f}",
        "at most 1.5",
        long <= 1.5 * short,
    )
    memory = [anonymous_memory(command(path)) for path in (large, tiny)]
    if memory[0] is None or memory[1] is None:
        print("/proc tells nothing here: memory is not measured")
        return
    more = (memory[0] - memory[1]) / MEGABYTE
    yield Measured("  unmapped memory more", f"{more:.1f} MB", "at most 64 MB", more <= 64)


def many_nodes(folder: Path) -> Iterator[Measured]:
    """Seconds for 100,000 nodes, and how they grow from half as many."""
    half, whole = folder / "half.pb", folder / "whole.pb"
    chain(half, PAIRS // 2)
    nodes = chain(whole, PAIRS)
    for form in ("table", "json"):
        commands = [[*command(path), "--format", form] for path in (half, whole)]
        short, long = fastest(*commands, rounds=3)
        yield Measured(
            f"graph, {nodes:,} nodes, {2 * PAIRS:,} batch norms, {form}",
            f"{long:.2f} s",
            "at most 5 s",
            long <= 5,
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
        "at most 1.5",
        ours <= 1.5 * bare,
    )


def main() -> int:
    """Measures everything, prints the table; 1 if a promise is broken."""
    results: list[Measured] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (beside_tensorflow(folder), without_weights(folder), many_nodes(folder), help_page()):
            for result in part:
                kept = "kept" if result.kept else "BROKEN"
                print(f"{result.what:<68} {result.measured:<26} {result.promise:<14} {kept}", flush=True)
                results.append(result)
    return 0 if all(result.kept for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
