"""`python -m tests.benchmarks.strip`: the promise that `bninspect strip` without verification costs at most
1.5 times the time of copying the file, by the clock.

The copy is a Python process of its own: `shutil.copyfile`, then fsync, since strip has its file on the
disk, too, before it is in place. Files are dense (no holes that a copy could skip) and in the page cache;
the target is removed before each turn. Both times are told, that of the clock, in which waiting for the
disk counts, and that of the processor, in which other work on the machine weighs little; the best of
several turns taken in turn.

Whole processes are compared. Python, the imports and the graph itself cost the same whatever the weights
weigh, and copying 95 MB from the cache takes less than they do: so the promise is about the large file
(1.5 GB), and the ratio of the small one is only told, with and without the imports. Exit code 1 where it
is broken.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.models import resnet50
from tests.benchmarks.processes import anonymous_memory, elapsed, fastest, seconds

MEGABYTE = 1 << 20
COPY = """
import os, shutil, sys
shutil.copyfile(*sys.argv[1:])
with open(sys.argv[2], "r+b") as stream:
    os.fsync(stream.fileno())
"""
START = """
import bninspect.cli.strip, bninspect.commands.strip.stripping
import bninspect.render.strip.text, bninspect.render.console
"""
"""What strip imports before it has read a byte."""
WIDTHS = ((1.0, False), (4.0, True))
"""Of the network, and whether the promise is about its file."""


def dense(path: Path, width: float) -> int:
    """Writes a switched ResNet-50 of this width with every byte of it on the disk; how many there are."""
    holes = path.with_suffix(".holes")
    resnet50(holes, width)
    with holes.open("rb") as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, MEGABYTE)
    holes.unlink()
    return path.stat().st_size


def measured(folder: Path, width: float, *, large: bool) -> bool:
    """Prints the lines of one file; whether the promise is kept."""
    model, target = folder / "model.pb", folder / "out.pb"
    size = dense(model, width)
    strip = ["-m", "bninspect", "strip", str(model), "-o", str(target), "--no-verify"]
    copy = ["-c", COPY, str(model), str(target)]

    broken = False
    for clock, measure in (("clock", elapsed), ("processor", seconds)):

        def turn(arguments: list[str], measure: Callable[[list[str]], float] = measure) -> float:
            target.unlink(missing_ok=True)
            return measure(arguments)

        ours, theirs, start = fastest(strip, copy, ["-c", START], measure=turn)
        whole, rest = ours / theirs, (ours - start) / theirs
        broken |= large and clock == "clock" and whole > 1.5
        figures = f"{ours:.2f} s / {theirs:.2f} s = {whole:.2f}; without {start:.2f} s of imports {rest:.2f}"
        print(f"strip, {size / 1e6:,.0f} MB / copy ({clock})".ljust(38), figures, flush=True)
    memory = anonymous_memory(strip)
    if memory is not None:
        print("  the most memory that no file backs".ljust(38), f"{memory / MEGABYTE:.0f} MB", flush=True)
    if large:
        print("  promised: at most 1.5 (clock)".ljust(38), "BROKEN" if broken else "kept", flush=True)
    return not broken


def main() -> int:
    """Measures both files, prints the table; 1 if the promise is broken."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        kept = [measured(Path(name), width, large=large) for width, large in WIDTHS]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
