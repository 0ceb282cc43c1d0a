"""The frozen graphs among the fixtures, as tests of rewriting read them: loops stay whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.graph import flatten
from bninspect.graphdef import read
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

FROZEN = [
    path.relative_to(FIXTURES).as_posix()
    for pattern in ("*.pb", "cases/*.pb")
    for path in sorted(FIXTURES.glob(pattern))
]


def with_loops(name: str) -> Report:
    """What is found in this fixture when no loop of it is taken apart."""
    return inspect(flatten(read(str(FIXTURES / name)), loops=False))
