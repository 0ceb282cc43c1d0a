"""Where the statistics of every fixture stand, and why some have no place: golden listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import flatten
from bninspect.graphdef import read
from bninspect.rewrite.statistics.slots import find_slots
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.graphdef import NodeDef

FILES = [*sorted(FIXTURES.glob("*.pb")), *sorted(FIXTURES.glob("cases/*.pb"))]


def name(record: NodeDef | None) -> str:
    return "none" if record is None else record.name


def lines(path: Path, *, create: bool) -> list[str]:
    report = inspect(flatten(read(str(path)), loops=False))
    slots, left = find_slots(report, create=create)
    found = [path.relative_to(FIXTURES).as_posix()]
    for slot in slots:
        place = f"mean {name(slot.mean)}, variance {name(slot.variance)}, reader {name(slot.reader)}"
        found.append(f"  {', '.join(layer.name for layer in slot.layers)}: {place}")
        if slot.is_new:
            found.append("    is new")
        if slot.shared_with:
            found.append(f"    {slot.shared_with}")
    return [*found, *(f"  {one.what}: {one.reason}" for one in left)] if slots or left else []


@pytest.mark.parametrize("create", [False, True], ids=["in the file", "made where there is none"])
def test_the_places_of_statistics(create: bool, expected: Callable[[str, str], None]) -> None:
    found = [line for path in FILES for line in lines(path, create=create)]
    expected(f"slots-{'create' if create else 'given'}.txt", "\n".join(found) + "\n")
