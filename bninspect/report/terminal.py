"""Facts -> a terminal, a pipe or a file, 80 columns wide or more. The only place that knows rich.

Every function draws on the Console it is given. Names are folded, never cut, so that each can be read and
pasted.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text
from rich.tree import Tree

from bninspect.report.names import counted, few, human_size, printable, wrap
from bninspect.report.notes import (
    lookalike_notes,
    skipped_notes,
    state_notes,
    training_notes,
    unrecognised_notes,
)
from bninspect.report.numbers import numbers
from bninspect.report.overview import BRANCHES, NEVER_RUN, NONE, OF_TRAINING, Column, Overview, overview
from bninspect.report.verdict import verdict
from bninspect.report.wiring import Item, wiring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import ConsoleOptions, RenderResult

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.report.notes import Note

PIPE_WIDTH = 100
_NARROWEST = 40
_TONES = {"plain": "", "warning": "yellow", "alarm": "bold red"}
_STATES = {"initial": "bold red", "invalid": "bold red", "absent": "yellow", "unread": "yellow",
           NEVER_RUN: "bold red"}  # fmt: skip
_GAP = 2
_HANG = 1


class Prose:
    """Text that wraps at spaces and folds a long name behind a `/`; nothing in it is read as markup."""

    def __init__(self, text: str, style: str = "", *, indent: int = 0, hang: int = 0) -> None:
        """`indent` spaces stand before every line, `hang` more before those that continue one."""
        self.text = printable(text)
        self.style = style
        self.indent = indent
        self.hang = hang

    def pieces(self, width: int) -> list[str]:
        """The lines, of at most `width`, without the indent."""
        if cell_len(self.text) <= width:
            return [self.text]
        first, *rest = wrap(self.text, max(1, width - self.hang))
        return [first, *(" " * self.hang + piece for piece in rest)]

    @property
    def longest(self) -> int:
        """The width at which nothing wraps."""
        return self.indent + cell_len(self.text)

    @property
    def longest_part(self) -> int:
        """The width below which a name is folded where it has no `/`."""
        parts = self.text.replace("/", "/ ").split(" ")
        hang = self.hang if len(parts) > 1 else 0
        return self.indent + hang + max(cell_len(part) for part in parts)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for piece in self.pieces(options.max_width - self.indent):
            yield Text(" " * self.indent + piece, style=self.style, overflow="fold")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(self.longest_part, options.max_width), min(self.longest, options.max_width))


class _Table:
    """Columns of given widths. Drawn line by line: a model may have ten thousand layers."""

    def __init__(self, columns: Sequence[Column], widths: Sequence[int]) -> None:
        self.columns = columns
        self.widths = widths

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._row(console, [column.title for column in self.columns], "bold")
        yield Segment(("-" if options.ascii_only else "─") * _width(self.widths))
        yield Segment.line()
        for texts in zip(*(column.cells for column in self.columns), strict=True):
            yield from self._row(console, texts)

    def _row(self, console: Console, texts: Sequence[str], style: str = "") -> Iterator[Segment]:
        """As many lines as the cell that wraps most."""
        cells = [
            Prose(text, hang=_HANG).pieces(width) for text, width in zip(texts, self.widths, strict=True)
        ]
        for line in range(max(map(len, cells))):
            start = at = 0
            for column, text, pieces, width in zip(self.columns, texts, cells, self.widths, strict=True):
                if line < len(pieces):
                    right = width - cell_len(pieces[line]) if column.title == "channels" else 0
                    yield Segment(" " * (start + right - at))
                    yield Segment(pieces[line], console.get_style(style or _STATES.get(text, "")))
                    at = start + right + cell_len(pieces[line])
                start += width + _GAP
            yield Segment.line()


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
        _print_overview(console, overview(report.layers), grow)
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
    for index, layer in enumerate(layers):
        if index:
            console.print()
        console.print(_tree(wiring(layer), "bold"))
        for text, tone in numbers(layer):
            console.print(Prose(text, _TONES[tone], indent=2))
    _print_notes(console, "", state_notes(layers), "bold")


def _tree(item: Item, style: str = "") -> Tree:
    tree = Tree(Prose(item.text, style), guide_style="dim")
    for inner in item.below:
        tree.children.append(_tree(inner))
    return tree


def _print_overview(console: Console, shown: Overview, grow: bool) -> None:
    """What all layers share, and the table."""
    names = shown.columns[0].cells
    head = names[0] if len(names) == 1 else f"All layers in {shown.scope}" if shown.scope else "All layers"
    if shown.shared or shown.scope:
        console.print(Prose(f"{head}: {shown.shared}" if shown.shared else head))
    if shown.branches:
        _print_branches(console, shown.branches)
    if shown.function is not None:
        console.print(Prose(f"Nodes stand in function {shown.function}.", "dim"))
    if shown.relative:
        console.print(Prose("Node names continue the name of their layer.", "dim"))
    console.print()
    if grow or _fits(shown.columns, console):
        _print_columns(console, shown.columns, grow)
        return
    of_training = [column for column in shown.columns if column.title in OF_TRAINING]
    _print_blocks(console, [column for column in shown.columns if column not in of_training])
    if of_training:
        console.print()
        _print_columns(console, [shown.columns[0], *of_training], grow)


def _fits(columns: Sequence[Column], console: Console) -> bool:
    """Whether a table of the columns fits without breaking the parts of names."""
    return _width([_least(column) for column in columns]) <= console.width


def _print_columns(console: Console, columns: Sequence[Column], grow: bool) -> None:
    """A table, as wide as it likes where it may grow; where it does not fit, each layer in a few lines."""
    if grow:
        console.print(_Table(columns, [_widest(column) for column in columns]), crop=False)
    elif _fits(columns, console):
        least = [_least(column) for column in columns]
        console.print(_Table(columns, _fitted(columns, least, console.width)))
    else:
        _print_blocks(console, columns)


def _print_branches(console: Console, branches: Sequence[tuple[str, str, str]]) -> None:
    """A line for each branch: mode, node, and when it is taken, which stands below where lines are short."""
    modes, nodes, _ = ([Prose(text).longest for text in texts] for texts in zip(*branches, strict=True))
    left = _GAP + max(modes) + _GAP
    one_line = left + max(nodes) + _GAP + max(Prose(when).longest for *_, when in branches) <= console.width
    for (mode, node, when), taken, wide in zip(branches, modes, nodes, strict=True):
        text = mode + " " * (max(modes) - taken + _GAP) + printable(node)
        if when and one_line:
            text += " " * (max(nodes) - wide + _GAP) + printable(when)
        console.print(Prose(text, indent=_GAP, hang=left - _GAP))
        if when and not one_line:
            console.print(Prose(when, indent=left))


def _print_blocks(console: Console, columns: Sequence[Column]) -> None:
    """Each layer in a few lines of its own, where a table would have to break the parts of names."""
    names, *others = columns
    for row, name in enumerate(names.cells):
        told = [(column.title, column.cells[row]) for column in others if column.cells[row] != NONE]
        facts = ", ".join(f"{title} {text}" for title, text in told if title not in BRANCHES)
        console.print(Prose(name, "bold", hang=_HANG))
        for title, text in told:
            if title in BRANCHES:
                console.print(Prose(f"{title:<9} {text}", indent=2, hang=_HANG))
        console.print(Prose(facts, _STATES.get(columns[-1].cells[row], ""), indent=2))


def _widest(column: Column) -> int:
    return max(Prose(text).longest for text in (column.title, *column.cells))


def _least(column: Column) -> int:
    """The narrowest the column can be with every part of a name in one piece."""
    return max(Prose(text, hang=_HANG).longest_part for text in (column.title, *column.cells))


def _width(widths: Sequence[int]) -> int:
    """The width of a table of such columns: two spaces stand between them."""
    return sum(widths) + _GAP * (len(widths) - 1)


def _fitted(columns: Sequence[Column], least: list[int], width: int) -> list[int]:
    """Widths of the columns that fill at most `width`: the widest gives way first."""
    widths = [_widest(column) for column in columns]
    while _width(widths) > width and widths != least:
        room = [now if now > floor else 0 for now, floor in zip(widths, least, strict=True)]
        widths[room.index(max(room))] -= 1
    return widths


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
