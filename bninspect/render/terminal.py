"""Facts of a graph -> a terminal, a pipe or a file, 80 columns wide or more.

Every function draws on the Console it is given. Names are folded, never cut, so that each can be read and
pasted.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rich.console import Console

from bninspect.render.graph.notes import (
    lookalike_notes,
    skipped_notes,
    state_notes,
    training_notes,
    unrecognised_notes,
)
from bninspect.render.graph.overview import overview
from bninspect.render.graph.overview_table import print_overview
from bninspect.render.graph.verdict import verdict
from bninspect.render.names import counted, few, human_size
from bninspect.render.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.tree import Tree

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.render.graph.notes import Note
    from bninspect.render.graph.wiring import Item

PIPE_WIDTH = 100
_NARROWEST = 40
_TONES = {"plain": "", "warning": "yellow", "alarm": "bold red"}


class _Output(Console):
    """Standard output; what to do when its reader is gone is for the command to say."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def standard_output() -> tuple[Console, bool]:
    """The Console of this process, and whether it may grow: a pipe is 100 wide, or wider rather than fold.

    COLUMNS sets a width that is kept. A terminal is as wide as it is.
    """
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return _Output(width=max(_NARROWEST, int(columns))), False
    if sys.stdout is not None and sys.stdout.isatty():
        return _Output(width=max(_NARROWEST, Console().width)), False
    return _Output(width=PIPE_WIDTH), True


def standard_error() -> Console:
    """The Console of notes, where standard output holds data."""
    on_screen = sys.stderr is not None and sys.stderr.isatty()
    return Console(stderr=True, width=None if on_screen else PIPE_WIDTH)


def print_graph(console: Console, report: Report, *, grow: bool = False) -> None:
    """The whole model: what file, the verdict, one row for each layer, and what else is to be known."""
    print_header(console, report)
    console.print()
    for index, sentence in enumerate(verdict(report)):
        console.print(Prose(sentence.text, _TONES[sentence.tone] or ("bold" if index == 0 else "")))
    if report.layers:
        console.print()
        print_overview(console, overview(report.layers), grow)
    _print_notes(console, "", state_notes(report.layers), "bold")
    _print_notes(console, "", training_notes(report.layers))
    _print_notes(console, "Not batch norm, though it looks like it:", lookalike_notes(report))
    _print_notes(console, "Could not be decided:", unrecognised_notes(report), "yellow")
    _print_notes(console, "Left out:", skipped_notes(report))


def print_header(console: Console, report: Report) -> None:
    """Path, format, size, number of nodes and functions, who wrote it, and its outputs."""
    record = report.graph.graphdef
    facts = [record.format, human_size(record.size), counted(len(record.nodes), "node")]
    facts.append(counted(len(record.functions), "function"))
    if record.tensorflow_version is not None:
        facts.append(f"TensorFlow {record.tensorflow_version}")
    if record.producer is not None:
        facts.append(f"producer {record.producer}")
    console.print(Prose("standard input" if record.path == "-" else record.path, "bold"))
    console.print(Prose(", ".join(facts)))
    if record.checkpoint is not None:
        console.print(Prose(f"checkpoint: {record.checkpoint}"))
    if report.outputs:
        console.print(Prose(f"outputs: {few([tensor.name for tensor in report.outputs])}"))


def print_layers(console: Console, layers: Sequence[BatchNorm]) -> None:
    """The wiring of each layer as a tree, and its numbers."""
    from bninspect.render.graph.numbers import numbers
    from bninspect.render.graph.wiring import wiring

    for index, layer in enumerate(layers):
        if index:
            console.print()
        console.print(_tree(wiring(layer), "bold"))
        for text, tone in numbers(layer):
            console.print(Prose(text, _TONES[tone], indent=2))
    _print_notes(console, "", state_notes(layers), "bold")


def _tree(item: Item, style: str = "") -> Tree:
    from rich.tree import Tree

    tree = Tree(Prose(item.text, style), guide_style="dim")
    for inner in item.below:
        tree.children.append(_tree(inner))
    return tree


def _print_notes(console: Console, title: str, notes: Iterable[Note], style: str = "") -> None:
    """A titled list of terms with their explanation; nothing at all where there are none."""
    told = list(notes)
    if not told:
        return
    console.print()
    if title:
        console.print(Prose(title, "bold"))
    for note in told:
        console.print(Prose(f"{note.term}: {note.text}", style, indent=2 if title else 0))
