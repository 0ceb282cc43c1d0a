"""What all layers of a model share, and a table of what they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.graph.overview import NEVER_RUN
from bninspect.render.line import Line
from bninspect.render.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.render.graph.overview import Overview
    from bninspect.render.line import Item, Tone

_TONES: dict[str, Tone] = {"initial": "error", "invalid": "error", "absent": "warning", "unread": "warning",
                           NEVER_RUN: "error"}  # fmt: skip
_NAMES = ("layer", "training", "inference", "switch", "trainable")
_WITHOUT: tuple[tuple[str, ...], ...] = (
    (),
    ("training", "inference"),
    ("training", "inference", "form", "format", "epsilon", "momentum"),
    ("training", "inference", "form", "format", "epsilon", "momentum", "channels", "trainable"),
)
"""Columns that each layout leaves out, the richest first; `--layer` shows them all of one layer."""


def render_overview(shown: Overview) -> Iterator[Item]:
    """What all layers share, and the table."""
    names = shown.columns[0].cells
    head = names[0] if len(names) == 1 else f"All layers in {shown.scope}" if shown.scope else "All layers"
    if shown.shared or shown.scope:
        yield Line(f"{head}: {shown.shared}" if shown.shared else head, hang=0)
    if shown.branches:
        yield _branches(shown.branches)
    if shown.function is not None:
        yield Line(f"Nodes stand in function {shown.function}.", "dim")
    if shown.relative:
        yield Line("Node names continue the name of their layer.", "dim")
    yield Line()
    columns = [
        Column(
            column.title,
            tuple(Cell(text, _TONES.get(text, "plain")) for text in column.cells),
            right=column.title == "channels",
            folds=column.title in _NAMES,
        )
        for column in shown.columns
    ]
    yield Table(*([column for column in columns if column.title not in titles] for titles in _WITHOUT))


def _branches(branches: Sequence[tuple[str, str, str]]) -> Table:
    """A line for each branch: mode, node, and when it is taken."""
    modes, nodes, when = (tuple(map(Cell, texts)) for texts in zip(*branches, strict=True))
    columns = [Column("", modes), Column("", nodes, folds=True), Column("", when, folds=True)]
    return Table(columns, titled=False, indent=2)
