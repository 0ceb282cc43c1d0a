"""Where the statistics of every fixture stand, and why some have no place: golden listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.rewrite.statistics.slots import find_slots
from tests.support.fixtures import FROZEN, with_loops

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.graphdef import NodeDef


def name(record: NodeDef | None) -> str:
    return "none" if record is None else record.name


def lines(file: str, *, create: bool) -> list[str]:
    slots, left = find_slots(with_loops(file), create=create)
    found = [file]
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
    found = [line for file in FROZEN for line in lines(file, create=create)]
    expected(f"slots-{'create' if create else 'given'}.txt", "\n".join(found) + "\n")
