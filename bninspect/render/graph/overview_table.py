"""What all layers of a model share, and a table of what they do not: as wide as its names ask for.

Where a table would have to break the parts of names, each layer has a few lines of its own instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment

from bninspect.escaping import printable
from bninspect.render.graph.overview import BRANCHES, NEVER_RUN, NONE, OF_TRAINING
from bninspect.render.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from bninspect.render.graph.overview import Overview, OverviewColumn

_STATES = {"initial": "bold red", "invalid": "bold red", "absent": "yellow", "unread": "yellow",
           NEVER_RUN: "bold red"}  # fmt: skip
_GAP = 2
_HANG = 1


def print_overview(console: Console, shown: Overview, grow: bool) -> None:
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


def _fits(columns: Sequence[OverviewColumn], console: Console) -> bool:
    """Whether a table of the columns fits without breaking the parts of names."""
    return _width([_least(column) for column in columns]) <= console.width


def _print_columns(console: Console, columns: Sequence[OverviewColumn], grow: bool) -> None:
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


def _print_blocks(console: Console, columns: Sequence[OverviewColumn]) -> None:
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


def _widest(column: OverviewColumn) -> int:
    return max(Prose(text).longest for text in (column.title, *column.cells))


def _least(column: OverviewColumn) -> int:
    """The narrowest the column can be with every part of a name in one piece."""
    return max(Prose(text, hang=_HANG).longest_part for text in (column.title, *column.cells))


def _width(widths: Sequence[int]) -> int:
    """The width of a table of such columns: two spaces stand between them."""
    return sum(widths) + _GAP * (len(widths) - 1)


def _fitted(columns: Sequence[OverviewColumn], least: list[int], width: int) -> list[int]:
    """Widths of the columns that fill at most `width`: the widest gives way first."""
    widths = [_widest(column) for column in columns]
    while _width(widths) > width and widths != least:
        room = [now if now > floor else 0 for now, floor in zip(widths, least, strict=True)]
        widths[room.index(max(room))] -= 1
    return widths


class _Table:
    """Columns of given widths. Drawn line by line: a model may have ten thousand layers."""

    def __init__(self, columns: Sequence[OverviewColumn], widths: Sequence[int]) -> None:
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
