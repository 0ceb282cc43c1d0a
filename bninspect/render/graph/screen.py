"""The screen of `graph`: the verdict, each group of layers once, their statistics, and what file it is."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from bninspect.batchnorm.verdict import behaviours, verdict_on
from bninspect.render.graph.groups import group
from bninspect.render.graph.notes import opposed_lines, other_lines, signature_lines
from bninspect.render.graph.statistics import state_lines
from bninspect.render.graph.training import training_lines
from bninspect.render.line import Line
from bninspect.render.screenful import EVERYTHING, Screenful, sections
from bninspect.text import counted, human_size, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.batchnorm.verdict import Behaviour, ModelVerdict
    from bninspect.graphdef import GraphDef
    from bninspect.render.line import Item, Tone

_LIMITS = ((6, 2, 6), (4, 2, 3), (3, 1, 2), (2, 1, 1), (1, 1, 1))
"""(groups, wirings of a group, notes of a kind) that are shown, as many as fit."""
_FORMATS = {
    "graphdef": "GraphDef",
    "metagraph": "MetaGraph",
    "savedmodel": "SavedModel",
    "keras": "Keras archive",
    "keras-h5": "Keras HDF5",
}


def render_graph(report: Report, *, everything: bool = False) -> Iterator[Item]:
    """The whole model. With `everything`, each layer in a table and every note."""
    ways = behaviours(report)
    said = verdict_line(report, verdict_on(ways, report))
    limits = ((EVERYTHING,) * 3,) if everything else _LIMITS
    yield Screenful(said, *(partial(_body, report, ways, *limit) for limit in limits), limited=not everything)


def verdict_line(report: Report, said: ModelVerdict) -> Line:
    """The verdict on the model of this name."""
    path = report.graph.graphdef.path
    tone: Tone = "bold" if said.level == "plain" else said.level
    return Line(f"{'standard input' if path == '-' else path}: {said.text}", tone)


def _body(report: Report, ways: Sequence[Behaviour], groups: int, wirings: int, notes: int) -> Iterator[Item]:
    """What stands below the verdict."""
    yield from sections(
        _groups(report, ways, groups, wirings),
        (*opposed_lines(report), *signature_lines(report, notes)),
        (*state_lines(report.layers, report), *training_lines(report)),
        other_lines(report, notes),
        _table(report) if notes == EVERYTHING else (),
        _file(report, everything=notes == EVERYTHING),
    )


def _groups(report: Report, ways: Sequence[Behaviour], most: int, wirings: int) -> Iterator[Item]:
    """Each behaviour with its layers, the gravest first."""
    for index, way in enumerate(ways[:most]):
        if index:
            yield Line()
        yield from group(way, alone=len(ways) == 1, most=wirings)
    if more := ways[most:]:
        count = sum(len(way.layers) for way in more)
        yield Line()
        yield Line(f"{counted(count, 'layer')} in {counted(len(more), 'other group')}: --all", "dim")
    if not ways and report.outputs:
        yield Line(f"no batch norm leads to the outputs: {_outputs(report)}", indent=2)


def _table(report: Report) -> Iterator[Item]:
    from bninspect.render.graph.layers import layer_table

    if report.layers:
        yield layer_table(report.layers)


def _file(report: Report, *, everything: bool) -> Iterator[Line]:
    """What was read, and what to type next."""
    record = report.graph.graphdef
    facts = [_format(record), human_size(record.size), counted(len(record.nodes), "node")]
    facts += [counted(len(record.functions), "function")] if record.functions else []
    if record.tensorflow_version is not None:
        facts.append(f"TensorFlow {record.tensorflow_version}")
    elif record.producer is not None:
        facts.append(f"producer {record.producer}")
    if record.checkpoint is not None:
        facts.append(f"values of {os.path.basename(record.checkpoint.rstrip('/'))}")
    if report.outputs and report.layers:
        facts.append(f"{'output' if len(report.outputs) == 1 else 'outputs'} {_outputs(report)}")
    more = " --all lists the layers, --layer NAME draws one." if report.layers and not everything else ""
    yield Line(f"{', '.join(facts)}.{more}", "dim")


def _outputs(report: Report) -> str:
    return listed([tensor.name for tensor in report.outputs], 2)


def _format(record: GraphDef) -> str:
    """`GraphDef`, `MetaGraph as text`."""
    kind = record.format.removesuffix("-text")
    return _FORMATS.get(kind, kind) + (" as text" if record.format != kind else "")


def render_layers(layers: Sequence[BatchNorm]) -> Iterator[Item]:
    """The wiring of each layer as a tree, and its numbers."""
    from bninspect.render.graph.numbers import numbers
    from bninspect.render.graph.wiring import wiring

    for index, layer in enumerate(layers):
        if index:
            yield Line()
        yield wiring(layer)
        yield from numbers(layer)
