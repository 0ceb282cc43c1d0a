"""The model as it can be rewritten: with every While of functions left whole.

Analysis writes the body of such a loop out to find its layers; a body cannot be run apart from its loop, so
for a run the loop stays one node, and its layers are named as skipped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.naming import named_as
from bninspect.errors import Absent
from bninspect.graph import collector_held_off, flatten
from bninspect.graph.outputs import find_tensor

if TYPE_CHECKING:
    from bninspect.batchnorm import Report
    from bninspect.measure.facts import Question

_REASON = "it stands in the body of a While, which cannot be run apart from its loop"


def without_loops(report: Report, question: Question) -> tuple[Report, Question, tuple[Absent, ...]]:
    """The report and the question for the graph with its loops left whole, and the layers lost by that."""
    if not any(node.op == "Enter" and node.nodedef is None for node in report.graph):
        return report, question, ()
    with collector_held_off():
        graph = flatten(report.graph.graphdef, loops=False)
    outer = named_as(report, inspect(graph, outputs=tuple(output.name for output in report.outputs)))
    kept = {layer.name: layer for layer in outer.layers}
    asked = replace(
        question,
        layers=tuple(kept[layer.name] for layer in question.layers if layer.name in kept),
        patched=tuple(find_tensor(graph, tensor.name) for tensor in question.patched),
    )
    lost = tuple(
        Absent(what=layer.name, reason=_REASON) for layer in question.layers if layer.name not in kept
    )
    return outer, asked, lost
