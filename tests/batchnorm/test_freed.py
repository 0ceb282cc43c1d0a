"""What was inspected goes with its last reader: nothing waits for the garbage collector, which is off while a
command looks at one model after the other.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.collector import collector_held_off
from bninspect.graph import Node, load
from bninspect.graphdef import NodeDef
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def unreachable() -> Iterator[list[object]]:
    """What nobody reads any more, once the collector was asked for it."""
    gc.collect()
    with collector_held_off():
        gc.set_debug(gc.DEBUG_SAVEALL)
        yield gc.garbage
        gc.set_debug(0)
        gc.garbage.clear()


@pytest.mark.parametrize("name", ["classic", "called_twice", "stateless_if_statistics", "classic_net"])
def test_no_node_is_left_to_the_garbage_collector(name: str, unreachable: list[object]) -> None:
    assert inspect(load(str(FIXTURES / f"{name}.pb"))).layers
    gc.collect()
    assert [one for one in unreachable if isinstance(one, Node | NodeDef)] == []
