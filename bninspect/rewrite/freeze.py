"""Variables -> constants: a model with its checkpoint as the frozen graph that everything that runs works on.

As TensorFlow's own freezing does it (python/framework/convert_to_constants.py): a variable becomes a Const of
its value, under its name, and what reads it reads that. Functions that variables are handed to are written
out, for a function cannot take a constant where it expects a handle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.layer import MovingStatistics
from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.naming import by_place, place, with_layers
from bninspect.batchnorm.stored import stored_statistics
from bninspect.errors import RewriteError
from bninspect.graph import Tensor, flatten
from bninspect.graph.functions.library import Library, calls
from bninspect.graph.ops import VARIABLES
from bninspect.graph.outputs import served_signatures
from bninspect.graph.search import reach
from bninspect.rewrite.constants import HANDLES, variables_to_constants
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.folded.quantization import hold_updates
from bninspect.rewrite.prune import prune
from bninspect.text import first_few

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph, Node
    from bninspect.graphdef import GraphDef
    from bninspect.rewrite.prune import Pruned

_TABLES = ("HashTable", "MutableHashTable", "MutableDenseHashTable", "AnonymousHashTable")
"""Ops (by how they begin) that make a table, which is filled when a model is loaded."""


def frozen(report: Report) -> Report:
    """The same model, its variables constants; the report itself where it has none.

    Layers keep their names, outputs their order. Raises RewriteError where a variable that the outputs need
    has no value, and where one is read in a place that only TensorFlow can take apart.
    """
    graphdef = report.graph.graphdef
    if not any(node.op in VARIABLES for node in graphdef.nodes):
        return report
    missing = missing_weights(report)
    if missing is not None:
        raise RewriteError(f"{graphdef.path}: {missing}")
    graph = flatten(graphdef, loops=False, only=_reading(graphdef))
    outputs = tuple(_in(graph, tensor) for tensor in report.outputs)
    edits = Edits(graph)
    blocked = variables_to_constants(edits)
    hold_updates(edits)
    pruned = prune(edits, _kept_statistics(report, graph), outputs)
    _refuse(pruned, edits, blocked)
    found = inspect(
        flatten(replace(pruned.graphdef, format=graphdef.format, variables=None)),
        outputs=[pruned.names[tensor] for tensor in outputs],
    )
    return _as_known(found, report)


def _kept_statistics(report: Report, graph: Graph) -> list[Tensor]:
    """The moving statistics, also those that only the updates of a training graph lead to."""
    return [
        Tensor(graph.node(tensor.node.name), tensor.port)
        for layer in report.layers
        for tensor in (layer.moving_mean, layer.moving_variance)
        if tensor is not None and tensor.node.stored is not None
    ]


def _reading(graphdef: GraphDef) -> frozenset[str]:
    """Functions that work with variables or are given some, those that hold layers, and their callers."""
    wanted = set(Library(graphdef).candidates)
    callers: dict[str, set[str]] = {}
    for function in graphdef.functions.values():
        if function.takes_handles or any(node.op in HANDLES for node in function.nodes):
            wanted.add(function.name)
        for node in function.nodes:
            for name in calls(node, graphdef.functions):
                callers.setdefault(name, set()).add(function.name)
    return frozenset(reach(wanted, lambda name: callers.get(name, ())))


def _in(graph: Graph, tensor: Tensor) -> Tensor:
    """The same tensor of another Graph of the same records, in which more calls may be written out, and every
    While is one node.
    """
    node = tensor.node
    given = graph.calls.get(node.name, ()) if served_signatures(graph) else ()  # else nobody asks for a call
    if tensor.port < len(given):
        return given[tensor.port]
    if node.name in graph:
        return Tensor(graph.node(node.name), tensor.port)
    if node.functions:
        raise RewriteError(
            f"{tensor.name}: in the body of a While, whose variables cannot be frozen: freeze the model with "
            "TensorFlow first"
        )
    name, _, port = tensor.name.rpartition(":")
    if name in graph:
        return Tensor(graph.node(name), int(port))
    raise RewriteError(
        f"{graph.graphdef.path}: serves nothing ({tensor.name} is a call that restores or saves): write "
        "the SavedModel with signatures"
    )


def _refuse(pruned: Pruned, edits: Edits, blocked: dict[Node, str]) -> None:
    """Raises RewriteError where the outputs still need a variable, or a table."""
    without = sorted(node.label for node in pruned.kept if node.op in VARIABLES)
    if without:
        path, checkpoint = edits.graph.graphdef.path, edits.graph.graphdef.checkpoint
        reason = f"variables that the outputs need are not in the checkpoint {checkpoint}"
        raise RewriteError(f"{path}: {reason}: {first_few(without)}")
    for node, reason in blocked.items():
        if node in pruned.kept:
            raise RewriteError(f"{node.op} {node.label} reads the variable {reason}")
    for node in pruned.kept:
        if node.op.startswith(_TABLES):
            raise RewriteError(
                f"the outputs need the lookup table {node.label} ({node.op}), which is filled when the model "
                "is loaded and cannot be frozen: name outputs that do without it (--output)"
            )


def _as_known(found: Report, original: Report) -> Report:
    """The layers as the original knows them (by the node that gives their output): their names, and what
    only a training graph tells.
    """
    known = by_place(original)
    return with_layers(found, lambda layer: _completed(layer, known.get(place(layer)), found.graph))


def _completed(layer: BatchNorm, before: BatchNorm | None, graph: Graph) -> BatchNorm:
    if before is None:
        return layer
    if layer.moving is None and before.moving is not None:
        names = before.moving.mean.node.name, before.moving.variance.node.name
        if all(name in graph for name in names):
            mean, variance = (graph.node(name).output() for name in names)
            moving = MovingStatistics(mean=mean, variance=variance)
            layer = replace(layer, moving=moving, statistics=stored_statistics(moving))
    return replace(
        layer,
        name=before.name,
        momentum=before.momentum,
        updates=before.updates,
        trainable=before.trainable,
    )
