"""Holds the program against TensorFlow: `python -m tests.generated --seed S --count N [--graphs FOLDER]`.

Without --graphs the networks are built first, by the TensorFlow that is installed. FOLDER may be made by
another one:
`python3.7 -m tests.generated.building --seed S --count N --out FOLDER` from the root of the project.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from contextlib import nullcontext
from pathlib import Path

from tests.generated.building.files import build
from tests.generated.hold import hold
from tests.generated.table import share, table
from tests.generated.truth import read

ENOUGH = 0.95
"""Of the batch norms outside loops this share has to be measured and verified."""


def main() -> int:
    """Prints the tables; 1 where something disagrees or too little was measured, 2 where a build failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.generated", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=200, help="how many seeds")
    parser.add_argument("--graphs", type=Path, help="the folder of graphs that are built already")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ["COLUMNS"] = "200"  # a reason on one line
    with nullcontext(asked.graphs) if asked.graphs else tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not asked.graphs and build(asked.seed, asked.count, str(folder)):
            return 2
        tallies = []
        try:
            for tally in hold(read(folder, range(asked.seed, asked.seed + asked.count))):
                tallies.append(tally)
        except KeyboardInterrupt:
            print(f"interrupted after {len(tallies)} graphs", file=sys.stderr)
    print(table(tallies), flush=True)
    wrong = any(outcome.disagrees for tally in tallies for outcome in tally.outcomes)
    return int(wrong or share(tallies) < ENOUGH)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a session that never ended would keep the process
