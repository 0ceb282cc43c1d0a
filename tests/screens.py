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

from bninspect.commands.check.gate import Settings, check
from bninspect.commands.check.result import CheckResult
from bninspect.commands.graph import Unread, inspect_each
from bninspect.commands.paths import models
from bninspect.errors import BninspectError
from bninspect.render.check.text import lines as check_lines
from bninspect.render.graph.screen import render_graph
from tests.support.drawing import drawn
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bninspect.render.line import Item

MOST = 40
WIDTH = 100
PLACES = ("BNINSPECT_CORPUS", "BNINSPECT_MODELS")


class Screen(NamedTuple):
    """What one command prints of one model."""

    command: str
    model: str
    terminal: tuple[str, ...]
    pipe: tuple[str, ...]

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        if len(self.terminal) > MOST:
            yield f"{self.command} {self.model}: {len(self.terminal)} lines"
        if not self.pipe or (not self.pipe[0].startswith(self.model) and self.command != "probe"):
            yield f"{self.command} {self.model}: the first line is no verdict: {self.pipe[:1]}"
        if "".join("".join(self.pipe).split()) != "".join("".join(self.terminal).split()):
            unlike = len(self.pipe) > len(self.terminal)
            if unlike:
                yield f"{self.command} {self.model}: the pipe has more lines than the terminal"


def everywhere() -> list[str]:
    """The models of all places."""
    places = [FIXTURES, *(Path(os.environ[name]) for name in PLACES if os.environ.get(name))]
    return [path for place in places for path in models([str(place)])]


def screens(paths: Sequence[str], commands: Sequence[str]) -> Iterator[Screen]:
    """What each command prints of each model; a model that cannot be read has none."""
    for path in paths:
        if "graph" in commands:
            (result,) = inspect_each([path])
            if not isinstance(result, Unread):
                report = result.report
                yield _screen("graph", path, lambda report=report: render_graph(report))
        if "check" in commands:
            checked = CheckResult(models=(check(Settings(path=path)),))
            yield _screen("check", path, lambda checked=checked: check_lines(checked))
        if "probe" in commands and (shown := _probed(path)) is not None:
            yield shown


def _probed(path: str) -> Screen | None:
    from bninspect.commands.probe.probe import ProbeOptions, probe_model
    from bninspect.inputs.request import Request
    from bninspect.render.probe.screen import render_probe

    try:
        result = probe_model(path, Request(random=2), ProbeOptions())
    except BninspectError:
        return None
    return _screen("probe", path, lambda: render_probe(result.probe, result.diagnosis))


def _screen(command: str, path: str, items: object) -> Screen:
    draw: object = items
    assert callable(draw)
    terminal: Iterable[Item] = draw()
    pipe: Iterable[Item] = draw()
    return Screen(
        command, path, tuple(drawn(terminal, WIDTH).splitlines()), tuple(drawn(pipe, None).splitlines())
    )


def main() -> int:
    """0 if every screen is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", help="models and folders; otherwise all there are")
    parser.add_argument("--probe", action="store_true", help="run the models, too")
    asked = parser.parse_args()
    commands = ("graph", "check", *(("probe",) if asked.probe else ()))
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
