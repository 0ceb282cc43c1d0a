"""The numbers of a patch in both modes, side by side where they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.probe.numbers import grid, planes
from bninspect.render.prose import Prose

if TYPE_CHECKING:
    from rich.console import Console

    from bninspect.measure.facts import Patch

_MOST_NUMBERS = 4000
_BETWEEN = 4
"""Columns between the two modes of a patch."""


def print_patch(console: Console, patch: Patch) -> None:
    """The tensor, the slice, and a table for each plane of it."""
    console.print(Prose(f"{patch.tensor}[{patch.slice}]", "bold"))
    if patch.training.size > _MOST_NUMBERS:
        told = f"{patch.training.size:,} numbers in each mode: --format json or --save holds them all"
        console.print(Prose(told))
        return
    for (place, training), (_, inference) in zip(
        planes(patch.training), planes(patch.inference), strict=True
    ):
        if place:
            console.print(Prose(place, "dim"))
        _print_plane(console, grid(training, console.width), grid(inference, console.width))


def _print_plane(console: Console, training: list[list[str]], inference: list[list[str]]) -> None:
    """One table of both modes."""
    left, right = ("training", *training[0]), ("inference", *inference[0])
    width = max(map(len, left)) + _BETWEEN
    if len(training) == len(inference) == 1 and width + max(map(len, right)) <= console.width:
        for one, other in zip(left, right, strict=True):
            _print_line(console, f"{one:<{width}}{other}", head=one is left[0])
        return
    for title, parts in (("training", training), ("inference", inference)):
        for index, lines in enumerate(parts):
            _print_line(console, title if index == 0 else f"{title}, further columns", head=True)
            for line in lines:
                _print_line(console, line)


def _print_line(console: Console, line: str, *, head: bool = False) -> None:
    """One line exactly as it is: no wrapping, no markup, no highlighting of numbers."""
    console.print(line.rstrip(), style="dim" if head else None, markup=False, highlight=False, soft_wrap=True)
