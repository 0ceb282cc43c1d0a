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
LEAST = 0.92
"""Of the faults, this share has to be noticed."""


def main(arguments: list[str]) -> int:
    """0 if enough of the faults were noticed."""
    asked = _parser().parse_args(arguments)
    mutants = draw(asked.rooms, asked.seed, asked.count)
    with tempfile.TemporaryDirectory(prefix="mutants-") as made:
        folder = Path(made)
        kept = Path(asked.lines) if asked.lines else folder / "part"
        if not kept.exists():
            kept = record(kept.parent, ["tests"], asked.jobs)
        lines = Lines(kept)
        copies: queue.Queue[Copy] = queue.Queue()
        for number in range(asked.jobs):
            copies.put(Copy(folder / f"copy{number}"))
        with ThreadPoolExecutor(asked.jobs) as pool:
            survivors = [
                mutant for mutant in pool.map(lambda one: _try(one, lines, copies), mutants) if mutant
            ]
    noticed = len(mutants) - len(survivors)
    print(f"\n{noticed} of {len(mutants)} faults noticed ({noticed / len(mutants):.1%}); seed {asked.seed}")
    for mutant in survivors:
        print(f"  not noticed: {mutant}")
    return 0 if noticed >= LEAST * len(mutants) else 1


def draw(rooms: list[str], seed: int, count: int) -> list[Mutant]:
    """As many mutants of these rooms, each fault of each file as likely as any other."""
    places = [
        Mutant(path=path.relative_to(ROOT), fault=fault)
        for room in rooms
        for path in sorted((ROOT / "bninspect" / room).rglob("*.py"))
        for fault in faults(path.read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(places, min(count, len(places)))


def _try(mutant: Mutant, lines: Lines, copies: queue.Queue[Copy]) -> Mutant | None:
    """The mutant, if no test noticed it."""
    tests = lines.tests_of(ROOT / mutant.path, None if mutant.fault.is_global else mutant.fault.lines)
    copy = copies.get()
    try:
        told = copy.noticed(mutant, tests) if tests else None
    finally:
        copies.put(copy)
    outcome = f"noticed: {told[:100]}" if told else f"NOT noticed by {len(tests)} tests"
    print(f"{mutant}\n    {outcome}", flush=True)
    return None if told else mutant


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2, help="faults tried side by side")
    parser.add_argument("--lines", help="coverage to reuse, or to make: a file named part in a folder")
    parser.add_argument("--rooms", nargs="+", default=list(CORE))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
