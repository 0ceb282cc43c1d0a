"""The screen of `graph`: the whole model, or some layers of it drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.graph.notes import (
    lookalike_notes,
    skipped_notes,
    state_notes,
    training_notes,
    unrecognised_notes,
)
from bninspect.render.graph.overview import overview
from bninspect.render.graph.overview_table import render_overview
from bninspect.render.graph.verdict import verdict
from bninspect.render.line import Line
from bninspect.text import counted, human_size, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.render.graph.notes import Note
    from bninspect.render.line import Item, Tone


def render_graph(report: Report) -> Iterator[Item]:
    """The whole model: what file, the verdict, one row for each layer, and what else is to be known."""
    yield from _header(report)
    yield Line()
    for index, sentence in enumerate(verdict(report)):
        loud = sentence.tone if sentence.tone != "plain" or index else "bold"
        yield Line(sentence.text, loud, hang=0)
    if report.layers:
        yield Line()
        yield from render_overview(overview(report.layers))
    yield from _notes("", state_notes(report.layers), "bold")
    yield from _notes("", training_notes(report.layers))
    yield from _notes("Not batch norm, though it looks like it:", lookalike_notes(report))
    yield from _notes("Could not be decided:", unrecognised_notes(report), "warning")
    yield from _notes("Left out:", skipped_notes(report))


def _header(report: Report) -> Iterator[Line]:
    """Path, format, size, number of nodes and functions, who wrote it, and its outputs."""
    record = report.graph.graphdef
    facts = [record.format, human_size(record.size), counted(len(record.nodes), "node")]
    facts.append(counted(len(record.functions), "function"))
    if record.tensorflow_version is not None:
        facts.append(f"TensorFlow {record.tensorflow_version}")
    if record.producer is not None:
        facts.append(f"producer {record.producer}")
    yield Line("standard input" if record.path == "-" else record.path, "bold", hang=0)
    yield Line(", ".join(facts), hang=0)
    if record.checkpoint is not None:
        yield Line(f"checkpoint: {record.checkpoint}", hang=0)
    if report.outputs:
        yield Line(f"outputs: {listed([tensor.name for tensor in report.outputs])}", hang=0)


def render_layers(layers: Sequence[BatchNorm]) -> Iterator[Item]:
    """The wiring of each layer as a tree, and its numbers."""
    from bninspect.render.graph.numbers import numbers
    from bninspect.render.graph.wiring import wiring

    for index, layer in enumerate(layers):
        if index:
            yield Line()
        yield wiring(layer)
        yield from numbers(layer)
    yield from _notes("", state_notes(layers), "bold")


def _notes(title: str, notes: Iterable[Note], tone: Tone = "plain") -> Iterator[Line]:
    """A titled list of terms with their explanation; nothing at all where there are none."""
    for index, note in enumerate(notes):
        if index == 0:
            yield Line()
            if title:
                yield Line(title, "bold")
        yield Line(f"{note.term}: {note.text}", tone, indent=2 if title else 0, hang=0)
