"""The outputs of both modes: how far they differ, and the largest values of the first image in each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.render.line import Line
from bninspect.render.table import Cell, Column, Table
from bninspect.rules.facts.outputs import distance
from bninspect.text import counted, percent, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.measure.facts import OutputDifference, Probe
    from bninspect.render.line import Item
    from bninspect.statistics.distance import Rankings

_WITHOUT: tuple[tuple[str, ...], ...] = (
    (),
    ("mean abs", "RMS"),
    ("mean abs", "RMS", "cosine"),
    ("mean abs", "RMS", "cosine", "max abs"),
)
"""Columns that each layout leaves out, the richest first."""


def render_outputs(probe: Probe, most: int, tops: int) -> Iterator[Item]:
    """At most so many outputs, those that differ most first, and the largest values of so many."""
    outputs = sorted(probe.outputs, key=distance, reverse=True)
    if not outputs:
        return
    yield _table(outputs[:most])
    if len(outputs) > most:
        yield Line(f"{counted(len(outputs) - most, 'more output')}, which differ less: --all", "dim")
    of = probe.inputs[0].source[0] if probe.inputs and probe.inputs[0].source else "the first row"
    ranked = [(one, one.top) for one in outputs if one.top is not None]
    for one, top in ranked[:tops]:
        yield Line()
        yield Line(f"{counted(len(top.training), 'largest value')} of {one.name} for {of}", "bold")
        yield _top(top)


def _table(outputs: Sequence[OutputDifference]) -> Table:
    """One row for each output; of what no output has no column."""
    columns: dict[str, list[str]] = {
        "max abs": [],
        "mean abs": [],
        "RMS": [],
        "of training RMS": [],
        "cosine": [],
        "same top 1": [],
        "equal values": [],
    }
    for one in outputs:
        gap = one.difference
        numbers = ["-"] * 6 if gap is None else [
            short(gap.max_abs), short(gap.mean_abs), short(gap.rms), _share(gap.relative_l2),
            "-" if gap.cosine is None else short(gap.cosine),
            "-" if gap.top1_agreement is None else percent(gap.top1_agreement),
        ]  # fmt: skip
        numbers.append("-" if one.agreement is None else percent(one.agreement))
        for texts, text in zip(columns.values(), numbers, strict=True):
            texts.append(text)
    names = Column("difference at", tuple(Cell(one.name) for one in outputs), folds=True)
    shown = [
        Column(title, tuple(map(Cell, texts)), right=True)
        for title, texts in columns.items()
        if set(texts) != {"-"}
    ]
    return Table.without(names, shown, _WITHOUT)


def _share(share: float) -> str:
    """`80 %`, `165x`."""
    if not math.isfinite(share):
        return short(share)
    return f"{share:,.0f}x" if share >= 10 else percent(share)


def _top(top: Rankings) -> Table:
    """A row for each mode: place and value of the largest, the largest first."""
    modes = Column("", (Cell("training"), Cell("inference")))
    columns = [modes]
    for number in range(max(map(len, top))):
        pair = [row[number] if number < len(row) else None for row in top]
        cells = tuple(Cell("" if one is None else f"{one.place}: {short(one.value)}") for one in pair)
        columns.append(Column("", cells))
    return Table(*(columns[: count + 1] for count in range(len(columns) - 1, 0, -1)), titled=False, indent=2)
