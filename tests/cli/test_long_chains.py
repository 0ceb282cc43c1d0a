"""Chains and rings of 50,000 nodes through every command that reads: each in time that grows with the file.

A walk that starts anew at every node would take minutes here. The bound is processor time, many times what
is needed, and far below what a walk of the length squared takes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_endless_graphs import PARTS, SWITCHED
from tests.support.text import graphdef

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONG = 50_000
MOST_SECONDS = 20
"""Of processor time for one command; each takes a few."""
LAYER = SWITCHED.replace("PREDICATE", "flag")


def chained(line: str) -> str:
    """So many lines, `c0` first: BEFORE is the one before, and before the first `c`."""
    before = ["c", *(f"c{number}" for number in range(LONG - 1))]
    return "".join(f"c{i} = {line.replace('BEFORE', one)}\n" for i, one in enumerate(before))


LAST = f"c{LONG - 1}"
SHAPES = {
    "a chain before the layer": "c = Relu(x)\n"
    + chained("Identity(BEFORE)")
    + LAYER.replace("(x,", f"({LAST},"),
    "a ring before the layer": f"c = Identity({LAST})\n"
    + chained("Add(BEFORE, x)")
    + LAYER.replace("(x,", f"({LAST},"),
    "a predicate": "c = LogicalNot(flag)\n"
    + chained("LogicalNot(BEFORE)")
    + SWITCHED.replace("PREDICATE", LAST),
    "a wait": "c = NoOp()\n"
    + chained("NoOp(^BEFORE)")
    + LAYER.replace("Identity(both", f"Identity(both, ^{LAST}"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_long_graph_takes_time_by_its_length(
    command_line: Callable[..., tuple[int, str, str]], tmp_path: Path, shape: str
) -> None:
    path = tmp_path / "m.pb"
    path.write_bytes(graphdef(PARTS + SHAPES[shape]).SerializeToString())
    for arguments in (
        ("graph", path, "--layer", "*"),
        ("check", path),
        ("strip", path, "--no-verify", "-o", tmp_path / "o.pb"),
        ("diff", path, path),
    ):
        start = time.process_time()
        code, out, err = command_line(*arguments)
        assert time.process_time() - start < MOST_SECONDS, arguments
        assert code in (0, 1), (arguments, err)
        assert out
