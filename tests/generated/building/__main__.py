"""Builds the networks of some seeds: `python -m tests.generated.building --seed S --count N --out FOLDER`."""

import argparse
import sys
import warnings

from tests.generated.building import designs
from tests.generated.building.files import build


def main() -> int:
    """Writes the files; 1 where a network could not be built."""
    parser = argparse.ArgumentParser(prog="python -m tests.generated.building", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=len(designs.DESIGNS), help="how many seeds")
    parser.add_argument("--out", required=True, help="the folder to write into")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    broken = build(asked.seed, asked.count, asked.out)
    print("%d graphs, %d not built" % (asked.count - broken, broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
