"""Seeds for random ops: what is drawn twice is the same, and what the file seeds stays so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.graphdef import read
from bninspect.graphdef.writer import new_node
from bninspect.run.seeds import seeded
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from bninspect.graphdef import GraphDef


def _drawing(name: str, **seeds: int) -> GraphDef:
    node = new_node(name, "RandomUniform", ("shape",), {"T": "int32", "dtype": "float", **seeds})
    shape = new_node("shape", "Placeholder", (), {"dtype": "int32"})
    return replace(read(str(FIXTURES / "classic.pb")), nodes=(shape, node))


def _seeds(graphdef: GraphDef) -> tuple[object, object]:
    return graphdef.nodes[1].attr("seed", 0), graphdef.nodes[1].attr("seed2", 0)


def test_a_copy_draws_what_its_original_draws() -> None:
    original = _seeds(seeded(_drawing("drop/uniform")))
    assert original != (0, 0)
    copy = seeded(_drawing("inference/drop/uniform"), {"inference/drop/uniform": "drop/uniform"})
    assert _seeds(copy) == original
    assert _seeds(seeded(_drawing("other/uniform"))) != original


@pytest.mark.parametrize("seeds", [{"seed": 7}, {"seed2": 3}, {"seed": 7, "seed2": 3}])
def test_seeds_of_the_file_stay(seeds: dict[str, int]) -> None:
    given = _drawing("drop/uniform", **seeds)
    assert seeded(given).nodes == given.nodes


def test_what_draws_nothing_is_left_alone() -> None:
    given = _drawing("drop/uniform")
    assert seeded(given).nodes[0] is given.nodes[0]
