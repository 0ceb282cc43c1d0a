"""What the benchmarks of commands share: a promise beside what was measured, and the table of them."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.models import resnet50
from tests.benchmarks.processes import fastest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Command = Callable[[Path], list[str]]

MEGABYTE = 1 << 20
LARGE, TINY = 4.0, 1 / 16
"""Widths of a ResNet-50 with 1.5 GB of weights, and of one with next to none."""


class Measured(NamedTuple):
    """One promise."""

    what: str
    measured: str
    promise: str
    kept: bool


def beside_tensorflow(folder: Path, what: str, command: Command, share: int) -> Iterator[Measured]:
    """The whole process on 94 MB over the import of TensorFlow, of which it may take 1/share."""
    model = folder / "resnet.pb"
    nodes = resnet50(model)
    if find_spec("tensorflow") is None:
        print("TensorFlow is not installed: nothing to compare the whole process with")
        return
    ours, theirs = fastest(command(model), ["-c", "import tensorflow"])
    yield Measured(
        f"{what}, ResNet-50 ({nodes} nodes, {model.stat().st_size / 1e6:.0f} MB) / import tensorflow",
        f"{ours:.2f} s / {theirs:.2f} s = 1/{theirs / ours:.1f}",
        f"at most 1/{share}",
        ours <= theirs / share,
    )


def beside_imports(folder: Path, what: str, command: Command, modules: str) -> Iterator[Measured]:
    """The whole process on 94 MB over the import of these modules, which it could not do without."""
    model = folder / "resnet.pb"
    resnet50(model)
    ours, theirs = fastest(command(model), ["-c", f"import {modules}"], rounds=9)
    yield Measured(
        f"{what}, ResNet-50 / the libraries it imports",
        f"{ours:.3f} s / {theirs:.3f} s = {ours / theirs:.2f}",
        "at most 1.3",
        ours <= 1.3 * theirs,
    )


def without_weights(folder: Path, what: str, command: Command) -> Iterator[Measured]:
    """Time on 1.5 GB, `large.pb`, over that of the same graph with small weights, `tiny.pb`."""
    large, tiny = folder / "large.pb", folder / "tiny.pb"
    resnet50(large, LARGE)
    resnet50(tiny, TINY)
    long, short = fastest(command(large), command(tiny))
    sizes = large.stat().st_size / 1e9, tiny.stat().st_size / 1e6
    yield Measured(
        f"{what}, {sizes[0]:.1f} GB of weights / {sizes[1]:.1f} MB",
        f"{long:.2f} s / {short:.2f} s = {long / short:.2f}",
        "at most 1.5",
        long <= 1.5 * short,
    )


def table(parts: Callable[[Path], Sequence[Iterator[Measured]]]) -> int:
    """Measures everything in a folder of its own and prints it; 1 if a promise is broken."""
    broken = False
    with tempfile.TemporaryDirectory() as name:
        for part in parts(Path(name)):
            for result in part:
                kept = "kept" if result.kept else "BROKEN"
                print(f"{result.what:<78} {result.measured:<26} {result.promise:<14} {kept}", flush=True)
                broken |= not result.kept
    return int(broken)
