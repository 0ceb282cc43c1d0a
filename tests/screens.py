"""How much the commands print, for every model there is: `python -m tests.screens`.

For each model of fixtures/, and of the folders that BNINSPECT_CORPUS and BNINSPECT_MODELS name, the lines of
`graph` and of `check` (with `--probe` of `probe` on two random images, too) in a terminal of 100 columns.
Fails where one prints more than 40, where the first line is not the verdict, and where a line is folded in a
pipe. Prints the longest five of each command.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bninspect.commands.check.one_model import Settings, check
from bninspect.commands.check.result import CheckResult
from bninspect.commands.graph import Unread, inspect_each
from bninspect.commands.paths import models
from bninspect.errors import BninspectError
from bninspect.render.check.text import lines
from bninspect.render.graph.screen import render_graph
from tests.support.drawing import drawn
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bninspect.render.line import Item

MOST = 40
WIDTH = 100
ENDLESS = 100_000
PLACES = ("BNINSPECT_CORPUS", "BNINSPECT_MODELS")


class Screen(NamedTuple):
    """What one command prints of one model."""

    command: str
    model: str
    terminal: tuple[str, ...]
    """Its lines at 100 columns."""
    pipe: tuple[str, ...]
    endless: tuple[str, ...]
    """Those of a terminal so wide that nothing folds."""

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        where = f"{self.command} {self.model}"
        if len(self.terminal) > MOST:
            yield f"{where}: {len(self.terminal)} lines"
        if not self.pipe or not self.pipe[0].startswith(f"{self.model}: "):
            yield f"{where}: the first line is no verdict: {self.pipe[:1]}"
        if self.pipe != self.endless:
            yield f"{where}: a line is folded in a pipe"


def everywhere() -> list[str]:
    """The models of all places."""
    places = [FIXTURES, *(Path(os.environ[name]) for name in PLACES if os.environ.get(name))]
    return [path for place in places for path in models([str(place)])]


def screens(paths: Sequence[str], commands: Sequence[str]) -> Iterator[Screen]:
    """What each command prints of each model; a model that it cannot read or run has none."""
    for path in paths:
        for command in commands:
            items = COMMANDS[command](path)
            if items is not None:
                yield _screen(command, path, items)


def _screen(command: str, path: str, items: Sequence[Item]) -> Screen:
    terminal, pipe, endless = (tuple(drawn(items, width).splitlines()) for width in (WIDTH, None, ENDLESS))
    return Screen(command, path, terminal, pipe, endless)


def _graph(path: str) -> list[Item] | None:
    (result,) = inspect_each([path])
    return None if isinstance(result, Unread) else list(render_graph(result.report))


def _check(path: str) -> list[Item]:
    return list(lines(CheckResult(models=(check(Settings(path=path)),))))


def _probe(path: str) -> list[Item] | None:
    from bninspect.commands.probe.probe import ProbeOptions, probe_model
    from bninspect.inputs.request import Request
    from bninspect.render.probe.screen import render_probe

    try:
        result = probe_model(path, Request(random=2), ProbeOptions())
    except BninspectError:
        return None
    return list(render_probe(result.probe, result.diagnosis))


COMMANDS: dict[str, Callable[[str], list[Item] | None]] = {"graph": _graph, "check": _check, "probe": _probe}


def main() -> int:
    """0 if every screen is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", help="models and folders; otherwise all there are")
    parser.add_argument("--probe", action="store_true", help="run the models, too")
    asked = parser.parse_args()
    commands = tuple(COMMANDS) if asked.probe else ("graph", "check")
    seen = list(screens(models(asked.paths) if asked.paths else everywhere(), commands))
    faults = [fault for screen in seen for fault in screen.faults()]
    for command in commands:
        longest = sorted((one for one in seen if one.command == command), key=lambda one: -len(one.terminal))
        print(f"{command}: {len(longest)} models, the longest:")
        for screen in longest[:5]:
            print(f"  {len(screen.terminal):>3} lines  {screen.model}")
    print("\n".join(faults) or "every screen is as it should be")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
