"""The collector of Python's garbage stays away from a command that makes little of it."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from weakref import ref

import pytest

from bninspect.collector import collector_held_off, left_to_collector
from tests.support.places import FIXTURES

PASSES = """
import atexit, gc, sys
passes = []
gc.callbacks.append(lambda phase, _: passes.append(phase))
atexit.register(lambda: print(len(passes), file=sys.stderr))
from bninspect.__main__ import main
gc.collect()
passes.clear()
main()
"""


def test_no_pass_of_the_collector_while_graph_runs() -> None:
    arguments = ["graph", str(FIXTURES / "net_mixed.pb")]
    ended = subprocess.run(
        [sys.executable, "-c", PASSES, *arguments], capture_output=True, text=True, check=True
    )
    assert ended.stdout
    assert ended.stderr.split() == ["0"]


class Made:
    """What a weak reference can be made to."""


def test_what_is_left_to_the_collector_stays_until_it_comes() -> None:
    with collector_held_off():
        made = ref(left_to_collector(Made()))
        assert made() is not None
    gc.collect()
    assert made() is None


def test_what_was_made_while_the_collector_was_held_off_counts_as_old() -> None:
    with collector_held_off():
        made = [Made()]
    assert any(one is made for one in gc.get_objects(generation=2))
    assert gc.isenabled()


MANY = """
import os, sys, bninspect
for _ in range(400):
    bninspect.inspect(sys.argv[1])
print(len(os.listdir("/proc/self/fd")))
"""


@pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="the system does not tell which files are open"
)
def test_models_with_loops_do_not_stay_in_memory() -> None:
    """Their graphs are rings, and hold the file that they were read from."""
    path = str(FIXTURES / "while_beside.pb")
    ended = subprocess.run([sys.executable, "-c", MANY, path], capture_output=True, text=True, check=True)
    assert int(ended.stdout) < 200
