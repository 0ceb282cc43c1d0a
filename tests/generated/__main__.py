"""Holds the program against TensorFlow: `python -m tests.generated --seed S --count N [--graphs FOLDER]`.

Without --graphs the networks are built first, by the TensorFlow that is installed. FOLDER may be made by another one:
`python3.7 -m tests.generated.building --seed S --count N --out FOLDER` from the root of the project.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.generated.hold import hold
from tests.generated.table import share, table
from tests.generated.truth import read
from tests.support.places import ROOT

ENOUGH = 0.95
"""Of the batch norms outside loops this share has to be measured and verified."""


def main() -> int:
    """Prints the tables; 1 where something disagrees or too little was measured, 2 where a build failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.generated", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=200, help="how many seeds")
    parser.add_argument("--graphs", type=Path, help="the folder of graphs that are built already")
    asked = parser.parse_args()
    os.environ["COLUMNS"] = "200"
    with nullcontext(asked.graphs) if asked.graphs else tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not asked.graphs and build(asked.seed, asked.count, folder):
            return 2
        tallies = []
        for tally in hold(read(folder, range(asked.seed, asked.seed + asked.count))):
            tallies.append(tally)
            if len(tallies) % 20 == 0:
                print(f"{len(tallies)} graphs", file=sys.stderr, flush=True)
    print(table(tallies), flush=True)
    wrong = any(outcome.disagrees for tally in tallies for outcome in tally.outcomes)
    return int(wrong or share(tallies) < ENOUGH)


def build(seed: int, count: int, folder: Path) -> int:
    """Builds the networks in a process of their own, which needs another Keras; its exit code."""
    asked = ["--seed", str(seed), "--count", str(count), "--out", str(folder)]
    command = [sys.executable, "-m", "tests.generated.building", *asked]
    return subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a session that never ended would keep the process
