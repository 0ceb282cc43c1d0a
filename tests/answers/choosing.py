"""Which damaged graphs are worth keeping: those that take a branch or get an answer that few kept ones do."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from coverage import Coverage

from bninspect.errors import BninspectError
from tests.answers.facts import facts_of, report_of
from tests.answers.graphs import Recipe
from tests.fuzz.seeds import seeds
from tests.support.places import FIXTURES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import Report
    from tests.answers.facts import Facts

ROOMS = ("batchnorm", "graph", "graphdef", "rewrite", "rules", "statistics")
"""Whose branches count."""
OFTEN = 2
"""Kept graphs that take each branch, where so many are found."""
LARGEST = 60_000
"""Bytes of a fixture that is damaged."""
MOST_UNREAD = 20
"""Kept graphs that are refused on reading."""
_VALUES = (
    *(
        "mode",
        "form",
        "op",
        "source_op",
        "state",
        "trains",
        "verdict",
        "reason",
        "message",
        "error",
        "refused",
    ),
    *("matched", "updates"),
)
"""The last part of fields that are answers rather than names."""


class Candidate(NamedTuple):
    """A damaged graph, and what is new about it."""

    recipe: Recipe
    shows: frozenset[object]
    """Branches taken and answers given."""
    unread: bool


class Branches:
    """Runs something, and tells which branches of ROOMS it took."""

    def __init__(self) -> None:
        places = [str(ROOT / "bninspect" / room / "*") for room in ROOMS]
        self._coverage = Coverage(branch=True, data_file=None, include=places)
        self._coverage.set_option("run:core", "ctrace")
        self._coverage.start()
        # Coverage hands data out through a database, which takes longer than what is measured.
        self._taken: dict[str, set[Any]] = self._coverage._collector.data  # type: ignore[union-attr]

    def taken(self) -> set[object]:
        """The branches that were taken since the last call."""
        found: set[object] = set()
        for file, arcs in self._taken.items():
            found |= {(file, arc) for arc in arcs}
            arcs.clear()
        return found


def fixtures() -> list[str]:
    """The fixtures that are damaged, the small ones first."""
    kinds = ("graphdef", "metagraph", "savedmodel")
    paths = {seed.path for seed in seeds() if seed.kind in kinds}
    small = [path for path in paths if path.stat().st_size <= LARGEST and "ckpt-0" not in path.name]
    small.sort(key=lambda path: (path.stat().st_size, str(path)))
    return [path.relative_to(FIXTURES).as_posix() for path in small]


def choose(count: int, seed: int, known: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Fixture -> numbers of the damaged graphs to keep, of those known and of this many others."""
    branches = Branches()
    originals: dict[str, Report] = {}
    plain: set[object] = set()
    for fixture in fixtures():
        try:
            data = Recipe(fixture, 0).bytes()
            originals[fixture] = report_of(data, fixture)
        except BninspectError:
            continue
        plain |= _answers(facts_of(data, fixture, originals[fixture])) | branches.taken()
    seen: Counter[object] = Counter(plain)
    found: list[Candidate] = []
    for recipe in _recipes(list(originals), count, seed, known):
        data = recipe.bytes()
        branches.taken()
        facts = facts_of(data, recipe.fixture, originals[recipe.fixture])
        shows = branches.taken() | _answers(facts)
        if any(seen[one] < OFTEN for one in shows):
            seen.update(shows)
            found.append(Candidate(recipe, frozenset(shows), "not read" in facts))
    return _fewest(found, Counter(plain), list(originals))


def _recipes(names: list[str], count: int, seed: int, known: dict[str, tuple[int, ...]]) -> Iterator[Recipe]:
    """Those that are known, then as many others."""
    yield from (Recipe(fixture, number) for fixture, numbers in known.items() for number in numbers)
    generator = random.Random(seed)
    weights = [1 / max(8_000, (FIXTURES / name).stat().st_size) for name in names]  # as they take time
    for name in generator.choices(names, weights, k=count):
        yield Recipe(name, generator.randrange(1, 100_000))


def _fewest(found: list[Candidate], seen: Counter[object], names: list[str]) -> dict[str, tuple[int, ...]]:
    """The candidates that show, together, what all show, each thing OFTEN: first those that show most."""
    chosen: dict[str, tuple[int, ...]] = dict.fromkeys(sorted(names), ())
    unread = 0
    for candidate in sorted(found, key=lambda one: (one.unread, -len(one.shows), one.recipe)):
        if not any(seen[one] < OFTEN for one in candidate.shows):
            continue
        if candidate.unread and (unread := unread + 1) > MOST_UNREAD:
            continue
        seen.update(candidate.shows)
        name, number = candidate.recipe
        if number not in chosen[name]:
            chosen[name] = (*chosen[name], number)
    return chosen


def _answers(facts: Facts) -> set[object]:
    """The answers without the names in them: what is said, of whichever node."""
    found: set[object] = set()
    for key, fields in facts.items():
        what = " ".join(key.split(" ")[: 2 if key.startswith(("finding", "strip")) else 1])
        for field, value in fields.items():
            if field.rpartition(".")[2] in _VALUES or what in ("not judged", "lookalike"):
                found.add((what, field, _without_names(str(value))))
    return found


def _without_names(text: str) -> str:
    return " ".join(word for word in text.split() if not re.search(r"[/:_\d]", word))
