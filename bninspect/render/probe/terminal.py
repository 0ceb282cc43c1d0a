"""A probe on a terminal: the sentence that matters, what was run, layers, diagnosis, outputs, patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.line import Line
from bninspect.render.probe.layers import render_layers
from bninspect.render.probe.patch import render_patch
from bninspect.render.probe.words import checks, headline, render_diagnosis, render_presets
from bninspect.render.table import Cell, Column, Table
from bninspect.text import listed, percent, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.probe.diagnosis import Diagnosis
    from bninspect.measure.facts import Probe
    from bninspect.render.line import Item
_WITHOUT: tuple[tuple[str, ...], ...] = ((), ("mean abs", "rms"), ("mean abs", "rms", "relative", "cosine"))
"""Columns that each layout of the outputs leaves out, the richest first."""


def render_probe(probe: Probe, diagnosis: Diagnosis) -> Iterator[Item]:
    """All that a probe measured, and what is wrong."""
    yield headline(probe, diagnosis)
    yield Line()
    yield from _setting(probe)
    yield from render_presets(probe, diagnosis)
    if probe.layers:
        yield Line()
        yield from render_layers(probe)
    if probe.ran:
        yield from render_diagnosis(probe, diagnosis)
    if probe.outputs:
        yield Line()
        yield _outputs(probe)
    for patch in probe.patches:
        yield Line()
        yield from render_patch(patch)
    if probe.skipped:
        yield Line()
        yield Line("Not compared:", "bold")
        for skip in probe.skipped:
            yield Line(f"{skip.what}: {skip.reason}", indent=2)


def _setting(probe: Probe) -> Iterator[Line]:
    """What was run: the model, its inputs, what was fed for each mode, and how it was checked."""
    yield Line(f"model: {probe.report.graph.graphdef.path}")
    for fact in probe.inputs:
        shape = "x".join(map(str, fact.shape)) or "a scalar"
        made = f", preprocess {fact.preset}" if fact.preset else ""
        told = f"input: {fact.name} ({fact.dtype} {shape}) from {listed(fact.source)}{made}"
        yield Line(told)
    for name, value in probe.fed.items():
        others = (
            " to what else reads it (--switch graph: to each mode its own)" if name in probe.decided else ""
        )
        yield Line(f"fed: {name} = {str(value).lower()}{others}")
    for name, value in probe.decided.items():
        told = f"{name} = {str(value).lower()} for training, {str(not value).lower()} for inference"
        yield Line(f"mode: {told}")
    if probe.random is not None:
        told = f"random: {probe.random} draws random numbers, anew in every run"
        yield Line(told)
    if probe.ran:
        yield from checks(probe)


def _outputs(probe: Probe) -> Table:
    """One row for each output."""
    gaps = [one.difference for one in probe.outputs if one.difference is not None]
    columns = {
        "max abs": [short(gap.max_abs) for gap in gaps],
        "mean abs": [short(gap.mean_abs) for gap in gaps],
        "rms": [short(gap.rms) for gap in gaps],
        "relative": [short(gap.relative_l2) for gap in gaps],
        "cosine": ["-" if gap.cosine is None else short(gap.cosine) for gap in gaps],
        "top-1 agrees": ["-" if gap.top1_agreement is None else percent(gap.top1_agreement) for gap in gaps],
    }
    names = Column(
        "output", tuple(Cell(one.name) for one in probe.outputs if one.difference is not None), folds=True
    )
    numbers = [Column(title, tuple(map(Cell, texts)), right=True) for title, texts in columns.items()]
    return Table(*([names, *(one for one in numbers if one.title not in titles)] for titles in _WITHOUT))
