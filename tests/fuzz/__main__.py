"""`python -m tests.fuzz --minutes N --seed S`: prints counts; exit code 1 where something was found."""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bninspect import cli
from tests.fuzz.mutants import mutant
from tests.fuzz.seeds import KINDS, Seed, seeds
from tests.fuzz.trial import Trial, trial


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--kind",
        choices=KINDS,
        help="only seeds of this kind",
    )
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="where offenders are kept")
    given = parser.parse_args()
    generator = random.Random(given.seed)
    chosen = [seed for seed in seeds() if given.kind in (None, seed.kind)]
    _load_keras([seed for seed in chosen if seed.kind == "hdf5"])
    counts: Counter[str] = Counter()
    places: Counter[str] = Counter()
    until = time.monotonic() + 60 * given.minutes
    while time.monotonic() < until:
        _one(generator.choice(chosen), generator, given.keep, counts, places)
    print(
        ", ".join(
            f"{what}: {counts[what]:,}" for what in ("inputs", "readable", "traceback", "hang", "memory")
        )
    )
    for place, count in places.most_common():
        print(f"{count:>6,}  {place}")
    return int(bool(places))


def _load_keras(chosen: list[Seed]) -> None:
    """Reads a file of either ending: TensorFlow and Keras take their memory before any limit is set."""
    for seed in {seed.path.suffix: seed for seed in chosen}.values():
        with contextlib.redirect_stdout(io.StringIO()):
            cli.run(["graph", str(seed.path)])


def _one(
    seed: Seed, generator: random.Random, keep: Path, counts: Counter[str], places: Counter[str]
) -> None:
    """One mutant, tried and counted; one of each place that goes wrong is kept."""
    with tempfile.TemporaryDirectory(prefix="bninspect-fuzz-") as name:
        folder = Path(name)
        (folder / "model").mkdir()
        path = mutant(seed, folder / "model", generator)
        found = trial(path, seed.path, folder)
        counts["inputs"] += 1
        counts["readable"] += found.readable
        if found.fault is None:
            return
        counts[found.fault] += 1
        place = _place(found)
        if not places[place]:
            target = keep / f"{len(places):03d}-{found.fault}"
            shutil.copytree(folder / "model", target, dirs_exist_ok=True)
            (target / "told.txt").write_text(
                f"{seed.path}\n{found.told}", encoding="utf-8", errors="backslashreplace"
            )
        places[place] += 1


def _place(found: Trial) -> str:
    """What tells one kind of offence from another: the fault, and the last lines of ours in the traceback."""
    lines = re.findall(r'File "[^"]*/(bninspect/[^"]+)", line (\d+)', found.told)
    last = found.told.strip().splitlines()[-1][:120] if found.told.strip() else ""
    return f"{found.fault} {' < '.join(':'.join(line) for line in reversed(lines[-2:]))} {last}"


if __name__ == "__main__":
    sys.exit(main())
