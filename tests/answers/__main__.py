"""`python -m tests.answers`: writes a kept graph to a file, or looks for others that are worth keeping."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.answers.graphs import Recipe, keep, kept


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.answers", description=__doc__)
    parser.add_argument("fixture", nargs="?", help="path below fixtures/")
    parser.add_argument("number", nargs="?", type=int, default=0, help="of the damage")
    parser.add_argument("-o", dest="target", type=Path, help="the file to write")
    parser.add_argument("--choose", type=int, metavar="COUNT", help="try so many others")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.choose is not None:
        from tests.answers.choosing import choose

        chosen = choose(given.choose, given.seed, kept())
        keep(chosen)
        print(f"{sum(map(len, chosen.values()))} damaged graphs of {len(chosen)} fixtures are kept")
        return 0
    if given.fixture is None or given.target is None:
        parser.error("name a fixture, a number and -o FILE; or --choose COUNT")
    given.target.write_bytes(Recipe(given.fixture, given.number).bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
