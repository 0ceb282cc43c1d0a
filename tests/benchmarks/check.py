"""`python -m tests.benchmarks.check`: the promises about `bninspect check` on large and on many models.

Prints what was measured beside what is promised; exit code 1 where a promise is broken. Seconds are those of
the processor; how much sooner many models are done by several processes is told by the clock. Memory is what
no file backs, of whichever process holds most.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.models import chain
from tests.benchmarks.processes import environment
from tests.benchmarks.promises import MEGABYTE, Measured, beside_tensorflow, table, without_weights

MANY = 200
PAIRS = 150
"""Of the larger models of many: 3,000 nodes."""
LARGE = 4_000
"""Of the one largest: 80,000 nodes."""


def command(*paths: Path, jobs: int | None = None) -> list[str]:
    given = [] if jobs is None else ["--jobs", str(jobs)]
    return ["-m", "bninspect", "check", *map(str, paths), "--exit-zero", *given]


def many_models(folder: Path) -> Iterator[Measured]:
    """Memory and time on many models, one of them large, in one process and in two."""
    models = folder / "models"
    models.mkdir()
    chain(models / "000.pb", PAIRS)
    for number in range(1, MANY - 1):
        shutil.copy(models / "000.pb", models / f"{number:03}.pb")
    largest = models / f"{MANY - 1:03}.pb"
    chain(largest, LARGE)
    two = [observed(command(models, jobs=jobs)) for jobs in (1, 2)]
    alone = observed(command(largest, jobs=1))
    for jobs, (_, memory) in zip((1, 2), two, strict=True):
        yield Measured(
            f"check, {MANY} models, {jobs} at a time: memory of a process / the largest alone",
            f"{memory / MEGABYTE:.0f} MB / {alone[1] / MEGABYTE:.0f} MB = {memory / alone[1]:.2f}",
            "at most 1.5",
            memory <= 1.5 * alone[1],
        )
    faster = two[0][0] / two[1][0]
    enough = (os.cpu_count() or 1) >= 2
    yield Measured(
        f"  time on the clock, one at a time / two ({os.cpu_count()} processors)",
        f"{two[0][0]:.1f} s / {two[1][0]:.1f} s = {faster:.2f}",
        "at least 1.3",
        faster >= 1.3 or not enough,
    )


def observed(arguments: list[str]) -> tuple[float, int]:
    """Seconds on the clock, and the most anonymous memory that any one process of it held, in bytes."""
    begun, most = time.perf_counter(), 0
    with subprocess.Popen(
        [sys.executable, *arguments], env=environment(), stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while process.poll() is None:
            most = max([most, *map(_anonymous, _family(process.pid))])
            time.sleep(0.02)
    return time.perf_counter() - begun, most


def _family(leader: int) -> Iterator[int]:
    """The processes of one session: the one that was started, and its workers."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if os.getsid(int(entry.name)) == leader:
                    yield int(entry.name)
            except OSError:
                continue


def _anonymous(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return 1024 * max([0, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))])


def parts(folder: Path) -> list[Iterator[Measured]]:
    """What is measured, in order."""
    found = [beside_tensorflow(folder, "check", command, 6), without_weights(folder, "check", command)]
    if Path("/proc/self/status").exists():
        found.append(many_models(folder))
    return found


if __name__ == "__main__":
    sys.exit(table(parts))
