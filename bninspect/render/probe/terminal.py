"""A probe on a terminal: the sentence that matters, what was run, layers, diagnosis, outputs, patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bninspect.render.names import few
from bninspect.render.probe.layers import print_layers
from bninspect.render.probe.numbers import percent, short
from bninspect.render.probe.patch import print_patch
from bninspect.render.probe.words import checks, headline, print_diagnosis, print_presets
from bninspect.render.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bninspect.commands.probe.diagnosis import Diagnosis
    from bninspect.measure.facts import Probe


def print_probe(console: Console, probe: Probe, diagnosis: Diagnosis, *, grow: bool = False) -> None:
    """All that a probe measured, and what is wrong. A table may `grow` beyond the console rather than fold
    a name.
    """
    told, style = headline(probe, diagnosis)
    console.print(Prose(told, style))
    console.print()
    _print_setting(console, probe)
    print_presets(console, probe, diagnosis)
    if probe.layers:
        console.print()
        print_layers(console, probe, grow=grow)
    if probe.ran:
        print_diagnosis(console, probe, diagnosis)
    if probe.outputs:
        console.print()
        _print_outputs(console, probe)
    for patch in probe.patches:
        console.print()
        print_patch(console, patch)
    if probe.skipped:
        console.print()
        console.print(Prose("Not compared:", "bold"))
        for skip in probe.skipped:
            console.print(Prose(f"{skip.what}: {skip.reason}", indent=2))


def _print_setting(console: Console, probe: Probe) -> None:
    """What was run: the model, its inputs, what was fed for each mode, and how it was checked."""
    console.print(Prose(f"model: {probe.report.graph.graphdef.path}"))
    for fact in probe.inputs:
        shape = "x".join(map(str, fact.shape)) or "a scalar"
        made = f", preprocess {fact.preset}" if fact.preset else ""
        told = f"input: {fact.name} ({fact.dtype} {shape}) from {few(fact.source)}{made}"
        console.print(Prose(told, hang=2))
    for name, value in probe.fed.items():
        others = (
            " to what else reads it (--switch graph: to each mode its own)" if name in probe.decided else ""
        )
        console.print(Prose(f"fed: {name} = {str(value).lower()}{others}", hang=2))
    for name, value in probe.decided.items():
        told = f"{name} = {str(value).lower()} for training, {str(not value).lower()} for inference"
        console.print(Prose(f"mode: {told}"))
    if probe.random is not None:
        told = f"random: {probe.random} draws random numbers, anew in every run"
        console.print(Prose(told))
    if probe.ran:
        for line, style in checks(probe):
            console.print(Prose(line, style, hang=2))


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
        left = title.startswith("output")
        table.add_column(title, justify="left" if left else "right", no_wrap=not left, overflow="fold")
    return table
