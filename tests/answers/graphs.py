"""A recipe -> a graph: a fixture, damaged by a generator whose seed is its name and a number."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bninspect.graph import Graph, flatten
from bninspect.graphdef.reader import records
from bninspect.models.checkpoint.locate import checkpoint_of
from bninspect.models.restore import with_checkpoint
from tests.fuzz.mutants import damage
from tests.fuzz.seeds import Seed, parsed
from tests.support.places import FIXTURES

KEPT = Path(__file__).with_name("kept.json")
"""Fixture -> the numbers of its damaged graphs."""


class Recipe(NamedTuple):
    """How a graph is made."""

    fixture: str
    """Its path below FIXTURES."""
    number: int
    """Of the damage; 0: none."""

    def message(self) -> Any:
        """The GraphDef, MetaGraphDef or SavedModel."""
        message = parsed(_seed(self.fixture))
        if self.number:
            damage(message, random.Random(f"{self.fixture} {self.number}"))
        return message

    def bytes(self) -> bytes:
        """The file."""
        made: bytes = self.message().SerializeToString(deterministic=True)
        return made


def kept() -> dict[str, tuple[int, ...]]:
    """Fixture -> the numbers of the damaged graphs of it that are kept, both in order."""
    held = json.loads(KEPT.read_text(encoding="utf-8"))
    return {fixture: tuple(sorted(held[fixture])) for fixture in sorted(held)}


def keep(chosen: dict[str, tuple[int, ...]]) -> None:
    """Writes which graphs are kept, one fixture a line."""
    lines = [f'"{fixture}": {sorted(chosen[fixture])}' for fixture in sorted(chosen)]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def opened(data: bytes, fixture: str) -> Graph:
    """The graph in these bytes, with the values of the checkpoint beside the fixture.

    Raises GraphDefError.
    """
    path = f"fixtures/{fixture}"
    graphdef = records(data, path)
    prefix = _checkpoint(fixture)
    return flatten(graphdef if prefix is None else with_checkpoint(graphdef, prefix))


def _seed(fixture: str) -> Seed:
    kind = "metagraph" if fixture.endswith(".meta") else "graphdef"
    return Seed(FIXTURES / fixture, "savedmodel" if fixture.endswith("saved_model.pb") else kind)


@cache
def _checkpoint(fixture: str) -> str | None:
    kind = _seed(fixture).kind
    return None if kind == "graphdef" else checkpoint_of(str(FIXTURES / fixture), kind)
