"""A probe on a terminal: the sentence that matters, what was run, layers, outputs, and patches."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bninspect.batchnorm.layer import State
from bninspect.report.names import common_scope, counted, few
from bninspect.report.notes import state_notes
from bninspect.report.probe_numbers import grid, percent, planes, short
from bninspect.report.terminal import Prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bninspect.probe.compare import Difference
    from bninspect.probe.facts import Gap, Patch, Probe

_MOST_NUMBERS = 4000
_BETWEEN = 4
"""Columns between the two modes of a patch."""


def print_probe(console: Console, probe: Probe) -> None:
    """All that a probe found."""
    console.print(Prose(headline(probe), "bold"))
    for line in _initial(probe):
        console.print(Prose(line, "bold red"))
    console.print()
    _print_setting(console, probe)
    if probe.layers:
        console.print()
        _print_layers(console, probe)
    if probe.outputs:
        console.print()
        _print_outputs(console, probe)
    for patch in probe.patches:
        console.print()
        _print_patch(console, patch)
    if probe.skipped:
        console.print()
        console.print(Prose("Not compared:", "bold"))
        for skip in probe.skipped:
            console.print(Prose(f"{skip.what}: {skip.reason}", indent=2))


def headline(probe: Probe) -> str:
    """The most important sentence: how far the modes lie apart, and where."""
    if not probe.report.layers:
        return "There is no batch norm in this model: nothing to compare."
    if not probe.ran:
        return "Nothing was run: no layer of this model can be switched between training and inference."
    places: list[tuple[str, Difference | Gap]] = [(one.name, one.difference) for one in probe.outputs]
    layers: list[tuple[str, Difference | Gap]] = [
        (f"layer {one.layer.name}", one.difference) for one in probe.layers if one.difference is not None
    ]
    if not places and not layers:
        return "Nothing could be compared."
    if all(difference.max_abs == 0 for _, difference in (*places, *layers)):
        return "The two modes agree exactly, at every output and every layer."
    told = _apart(*max(places or layers, key=_size))
    if places and layers:
        told += f"; of the layers, {_apart(*max(layers, key=_size))}"
    return f"The two modes differ {told}."


def _size(place: tuple[str, Difference | Gap]) -> float:
    """What to sort by: what is not finite is the farthest apart."""
    return place[1].max_abs if math.isfinite(place[1].max_abs) else math.inf


def _apart(name: str, difference: Difference | Gap) -> str:
    if not math.isfinite(difference.max_abs):
        return f"beyond all numbers at {name} (one of them is not finite there)"
    return f"by up to {short(difference.max_abs)} at {name} ({_relative(difference)})"


def _relative(difference: Difference | Gap) -> str:
    """The root mean square difference beside that of training mode."""
    if difference.relative_l2 >= 10:
        return f"{difference.relative_l2:,.0f} times its size in training"
    return f"{percent(difference.relative_l2)} of its size in training"


def _initial(probe: Probe) -> list[str]:
    """Why inference mode is large, where the stored statistics were never updated, or are unfit."""
    states = {one.layer.statistics.state for one in probe.layers} & {State.INITIAL, State.INVALID}
    lines = []
    for state in sorted(states):
        layers = [one.layer for one in probe.layers if one.layer.statistics.state is state]
        names = few([layer.name for layer in layers])
        lines += [f"{names}: statistics {note.term}, {note.text}" for note in state_notes(layers)]
    return lines


def _print_setting(console: Console, probe: Probe) -> None:
    """What was run: the model, its inputs, and what was fed for each mode."""
    console.print(Prose(f"model: {probe.report.graph.graphdef.path}"))
    for fact in probe.inputs:
        shape = "x".join(map(str, fact.shape)) or "a scalar"
        made = f", preprocess {fact.preset}" if fact.preset else ""
        console.print(
            Prose(f"input: {fact.name} ({fact.dtype} {shape}) from {few(fact.source)}{made}", hang=2)
        )
    for name, value in probe.fed.items():
        console.print(Prose(f"fed: {name} = {str(value).lower()}"))
    for name, value in probe.decided.items():
        told = f"{name} = {str(value).lower()} for training, {str(not value).lower()} for inference"
        console.print(Prose(f"mode: {told}"))
    if probe.random is not None:
        console.print(
            Prose(f"random: {probe.random} draws numbers anew in every run, which is part of the difference")
        )


def _print_layers(console: Console, probe: Probe) -> None:
    """One row for each layer: the distance of its output in the two modes."""
    names = [one.layer.name for one in probe.layers]
    scope = common_scope(names)
    table = _table(
        (f"layer{f' in {scope}' if scope else ''}", "values", "max abs", "rms", "relative", "statistics")
    )
    for one in probe.layers:
        difference = one.difference
        if difference is None:
            continue
        table.add_row(
            Prose(one.layer.name[len(scope) :], hang=1),
            f"{one.values:,}",
            short(difference.max_abs),
            short(difference.rms),
            short(difference.relative_l2),
            one.layer.statistics.state.value,
        )
    console.print(table)
    images = counted(probe.layers[0].images, "image")
    told = f"Over {images}; values are per channel. What a layer inherits from those before it is in its row."
    console.print(Prose(told, "dim"))


def _print_outputs(console: Console, probe: Probe) -> None:
    """One row for each output."""
    table = _table(("output", "max abs", "mean abs", "rms", "relative", "cosine", "top-1 agrees"))
    for one in probe.outputs:
        difference = one.difference
        table.add_row(
            Prose(one.name, hang=1),
            short(difference.max_abs),
            short(difference.mean_abs),
            short(difference.rms),
            short(difference.relative_l2),
            "-" if difference.cosine is None else short(difference.cosine),
            "-" if difference.top1_agreement is None else percent(difference.top1_agreement),
        )
    console.print(table)


def _table(titles: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    for title in titles:
        left = title.startswith(("layer", "output", "statistics"))
        table.add_column(title, justify="left" if left else "right", no_wrap=not left, overflow="fold")
    return table


def _print_patch(console: Console, patch: Patch) -> None:
    """The numbers of both modes, side by side where they fit."""
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
