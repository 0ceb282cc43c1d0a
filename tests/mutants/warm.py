"""A process that has imported what all tests need, and forks for every run: `python warm.py`, no module.

TensorFlow alone costs more than most of the tests that meet a fault. Nothing of the project is imported here,
so that every fork imports it with the fault in it. A line of JSON comes in for each run, and one goes out:

    {"folder": ..., "arguments": [...], "environment": {...}, "output": ..., "running": ..., "seconds": ...}
        -> exit code

-1 is the exit code of a run whose current test, named in the file `running`, did not end in time.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

IMPORTED = (
    "pytest", "numpy", "click", "rich.console", "rich.table", "google.protobuf.json_format",
    "jsonschema", "yaml", "hypothesis", "tensorflow",
)  # fmt: skip


def main() -> None:
    """Serves runs until the input ends."""
    sys.path.pop(0)  # this folder: `lines` and `faults` are no modules of their own
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in IMPORTED:
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(asked)
        print(_ended(child, asked["running"], asked["seconds"]), flush=True)


def _run(asked: dict[str, Any]) -> None:
    """The tests, in the fork, which ends here."""
    os.setpgid(0, 0)
    output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(file, stream)
    # What was read ahead, the next runs, is not for this one.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.path.insert(0, asked["folder"])
    sys.dont_write_bytecode = False
    code = 3
    try:
        code = int(sys.modules["pytest"].main(asked["arguments"]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended(child: int, running: str, seconds: float) -> int:
    """The exit code of a fork; -1 once it was killed, with all that it started: one test took too long."""
    while time.time() - Path(running).stat().st_mtime < seconds:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return abs(os.waitstatus_to_exitcode(status))
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


if __name__ == "__main__":
    main()
