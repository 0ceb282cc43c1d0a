"""The collector of Python's garbage stays away from a command that makes little of it."""

from __future__ import annotations

import subprocess
import sys

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
