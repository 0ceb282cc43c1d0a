"""`python -m tests.chains`: lines and files of the package, and how deep the answer of each command lies.

A chain is the calls of functions of ours, of comprehensions and of lambdas none, that stand on each other at
one moment of a run; a function that calls itself counts once.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bninspect.cli import run
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

PACKAGE = ROOT / "bninspect"
IMAGE = ["--image", "fixtures/image.jpg"]
COMMANDS = {
    "graph": ["graph", "fixtures/net_mixed.pb"],
    "probe": ["probe", "fixtures/classic.pb", *IMAGE],
    "check": ["check", "fixtures/net_mixed.pb"],
    "strip": ["strip", "fixtures/net_mixed.pb", "-o", "OUT"],
    "refresh": ["refresh", "fixtures/classic.pb", "-o", "OUT", *IMAGE],
    "diff": ["diff", *(f"fixtures/training/wired_14/model.ckpt-{step}" for step in (0, 20))],
    "report": ["report", "fixtures/net_mixed.pb", "-o", "OUT"],
    "forecast": ["forecast", "fixtures/net_mixed.pb"],
    "rule": ["rule", "BN201"],
}
"""A run of each; OUT is a file that is thrown away."""


class Size(NamedTuple):
    """What `wc` says of the package."""

    files: int
    lines: int


def size() -> Size:
    """Of everything written in Python, tests not counted."""
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    return Size(len(texts), sum(text.count("\n") for text in texts))


def longest_chain(command: list[str]) -> list[str]:
    """The functions of the longest chain of a run, `folder/file.py:function`, the outermost first. What the
    run prints and writes is thrown away.
    """
    found: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and _is_ours(frame):
            chain = list(dict.fromkeys(_called(frame)))[::-1]
            if len(chain) > len(found):
                found[:] = chain

    nowhere = StringIO()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(nowhere), redirect_stderr(nowhere):
        words = [str(Path(folder, "out")) if word == "OUT" else word for word in command]
        run(words)  # imports are no part of the answer
        sys.setprofile(note)
        try:
            run(words)
        finally:
            sys.setprofile(None)
    return found


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(str(PACKAGE)) and not frame.f_code.co_name.startswith("<")


def _called(frame: FrameType | None) -> Iterator[str]:
    """The function of the frame, and those that stand before it."""
    while frame is not None:
        if _is_ours(frame):
            yield f"{Path(frame.f_code.co_filename).relative_to(PACKAGE)}:{frame.f_code.co_name}"
        frame = frame.f_back


def main() -> None:
    """Prints all of it."""
    os.chdir(ROOT)
    print(f"{size().files} files, {size().lines:,} lines")
    for name, command in COMMANDS.items():
        chain = longest_chain(command)
        print(f"{name}: {len(chain)} calls, {len({call.partition(':')[0] for call in chain})} files")


if __name__ == "__main__":
    main()
