"""Plants faults drawn by a seed, runs the tests that meet each, and names those that no test noticed."""

from __future__ import annotations

import argparse
import queue
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.faults import faults
from tests.mutants.lines import Lines, record
from tests.mutants.trial import Copy, Mutant
from tests.support.places import ROOT

CORE = ("batchnorm", "graph", "graphdef", "statistics", "rewrite", "measure", "rules")
"""The rooms that faults are planted in: reading, recognizing, rewriting, measuring, judging."""
LEFT_OUT = ("tests/mutants", "tests/fuzz", "tests/generated", "tests/networks", "tests/benchmarks")
"""Not recorded, unless asked for: tests of other tools, and long ones."""
LEAST = 0.92
"""Of the faults, this share has to be noticed."""


def main(arguments: list[str]) -> int:
    """0 if enough of the faults were noticed."""
    asked = _parser().parse_args(arguments)
    mutants = draw(asked.rooms, asked.seed, asked.count)
    with tempfile.TemporaryDirectory(prefix="mutants-") as made:
        kept = Path(asked.lines) if asked.lines else Path(made) / "lines"
        if not (kept / "part").exists():
            record(kept, asked.tests, asked.without, asked.jobs)
        lines = Lines(kept)
        copies = [Copy(Path(made) / f"copy{number}", kept / "networks") for number in range(asked.jobs)]
        noticed = try_all(mutants, lines, copies)
    survivors = [mutant for mutant in mutants if mutant not in noticed]
    share = len(noticed) / len(mutants)
    print(f"\n{len(noticed)} of {len(mutants)} faults noticed ({share:.1%}); seed {asked.seed}")
    for mutant in survivors:
        print(f"  not noticed: {mutant}")
    return 0 if share >= LEAST else 1


def try_all(mutants: list[Mutant], lines: Lines, copies: list[Copy]) -> dict[Mutant, str]:
    """Mutant -> the test that noticed it. A test that fails without any fault notices nothing."""
    free: queue.Queue[Copy] = queue.Queue()
    for copy in copies:
        free.put(copy)
    noticed: dict[Mutant, str] = {}
    unsound: set[str] = set()
    left = list(mutants)
    with ThreadPoolExecutor(len(copies)) as pool:
        while left:
            trials = [pool.submit(_try, mutant, lines, frozenset(unsound), free) for mutant in left]
            told = [trial.result() for trial in trials]
            noticed |= {mutant: test for mutant, test in zip(left, told, strict=True) if test}
            unsound |= copies[0].failing(
                sorted({test for test in noticed.values() if test.startswith("tests/")})
            )
            left = [mutant for mutant, test in noticed.items() if test in unsound]
            for mutant in left:
                print(f"again, since {noticed.pop(mutant)} fails without it: {mutant}", flush=True)
    return noticed


def draw(rooms: list[str], seed: int, count: int) -> list[Mutant]:
    """As many mutants of these rooms, each fault of each file as likely as any other."""
    places = [
        Mutant(path=path.relative_to(ROOT), fault=fault)
        for room in rooms
        for path in sorted((ROOT / "bninspect" / room).rglob("*.py"))
        for fault in faults(path.read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(places, min(count, len(places)))


def _try(mutant: Mutant, lines: Lines, unsound: frozenset[str], free: queue.Queue[Copy]) -> str | None:
    """The test that noticed the fault, if any did."""
    met = lines.tests_of(ROOT / mutant.path, None if mutant.fault.is_global else mutant.fault.lines)
    tests = [name for name in met if name not in unsound]
    copy = free.get()
    try:
        told = copy.noticed(mutant, tests)
    finally:
        free.put(copy)
    print(f"{mutant}\n    {f'noticed: {told}' if told else f'NOT noticed by {len(tests)} tests'}", flush=True)
    return told


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2, help="faults tried side by side")
    parser.add_argument("--lines", help="folder of a recording: reused, made if it is not there")
    parser.add_argument("--tests", nargs="*", default=["tests"], help="files and folders that are recorded")
    parser.add_argument("--without", nargs="*", default=list(LEFT_OUT), help="tests that are not recorded")
    parser.add_argument("--rooms", nargs="+", default=list(CORE))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
