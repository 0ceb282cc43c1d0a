"""strip: a model with one mode only, and nothing left that served the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.naming import named_as
from bninspect.batchnorm.verdict import without_layers
from bninspect.errors import RewriteError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph import flatten
from bninspect.graph.search import upstream
from bninspect.rewrite.specialize import ONLY_IN_TRAINING, LayerChange, specialize
from bninspect.rewrite.statistics.slots import find_slots
from bninspect.run.unfused import unfused
from bninspect.text import first_few, layers, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph, Node, Tensor
    from bninspect.rewrite.edits import Edits
    from bninspect.rewrite.prune import Pruned


_GRADIENTS = frozenset({"FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"})
_MOMENTS = (1, 2)
"""Outputs of a fused op beside y: the mean and variance that it normalized with."""


@frozen_dataclass
class Stripped:
    """The new graph, and what was done."""

    report: Report
    """Of the original, as it was rewritten."""
    mode: Mode
    pruned: Pruned
    changes: tuple[LayerChange, ...]
    edits: Edits
    written: Report
    """Of the new graph."""

    def place(self, tensor: Tensor) -> str | None:
        """Where a tensor of the original stands in the new graph (`op:0`); None where it is gone."""
        found = self.edits.resolve(tensor)
        return f"{found.node.name}:{found.port}" if found.node in self.pruned.kept else None


def strip(report: Report, mode: Mode = Mode.INFERENCE) -> Stripped:
    """The graph of this report with every layer in one mode, pruned to its outputs, which keep their names.

    Whatever else the same predicates decide (dropout) is settled with them, as far as every value that serves
    the mode to all layers agrees on it, and what constants decide. Conditionals of other predicates, loops,
    and the functions that the graph still needs stay. Raises RewriteError, naming the layers, where one
    cannot have the mode.
    """
    original, report = report, rewritable(report, mode)
    specialization = specialize(report, mode, everything=True)
    left = [
        change
        for change in specialization.changes
        if change.what == "left" and change.reason != ONLY_IN_TRAINING
    ]
    if left:
        who = layers([change.layer.name for change in left], len(report.layers))
        why = str(left[0].reason)
        if len(left) > 1 and why.startswith("its "):
            why = f"their {why.removeprefix('its ')}"
        hint = ""
        if mode is Mode.INFERENCE and _can_be_estimated(report, left):
            hint = "; bninspect refresh with --strip estimates them from images"
        raise RewriteError(f"{who} cannot run in {mode.value} mode: {why}{hint}")
    if report.unrecognised:
        first = report.unrecognised[0]
        raise RewriteError(f"what {first.node} is could not be decided ({first.reason}); its mode stays open")
    pruned = specialization.pruned((), report.outputs)
    pruned = replace(pruned, graphdef=unfused(pruned.graphdef))
    outputs = [pruned.names[tensor] for tensor in report.outputs]  # a call's result has another name now
    written = inspect(flatten(pruned.graphdef), outputs=outputs)
    _refuse_other(written, mode)
    flipped = [change.layer for change in specialization.changes if change.what == "flipped"]
    for reason in (gradients_left(written, mode), moments_read(flipped, report.graph, pruned.kept)):
        if reason is not None:
            raise RewriteError(f"{reason}: choose outputs without it with --output; nothing was written")
    return Stripped(
        report=report,
        mode=mode,
        pruned=pruned,
        changes=(*specialization.changes, *_untouched(original, report, mode)),
        edits=specialization.edits,
        written=written,
    )


def _refuse_other(written: Report, mode: Mode) -> None:
    """Raises RewriteError if a batch norm of the new graph does not run in the mode."""
    other = [layer.name for layer in written.layers if layer.mode is not mode]
    if other:
        raise RewriteError(f"{listed(other)} would still not run in {mode.value} mode; nothing was written")


def gradients_left(report: Report, mode: Mode) -> str | None:
    """That the outputs need gradients of layers in the other mode, and which; None if they need none."""
    needed = upstream(tensor.node for tensor in report.outputs)
    training = mode is Mode.TRAINING
    names = sorted(
        node.label
        for node in needed
        if node.op in _GRADIENTS and node.attr("is_training", True) is not training
    )
    other = (Mode.INFERENCE if training else Mode.TRAINING).value
    return f"the outputs need a gradient in {other} mode ({listed(names)})" if names else None


def moments_read(layers: Iterable[BatchNorm], graph: Graph, kept: Collection[Node]) -> str | None:
    """That nodes which are `kept` read the mean or variance that a fused op of these layers normalizes with,
    and of which layers; None if none does. In another mode those are others.
    """
    names = [
        layer.name
        for layer in layers
        if layer.form is Form.FUSED
        and any(
            use.node in kept and use.node.inputs[use.slot].port in _MOMENTS
            for site in layer.sites
            for use in graph.uses(site.node)
        )
    ]
    return f"the outputs need the moments of the batch ({listed(names)})" if names else None


def needs_training(report: Report) -> str | None:
    """Why the outputs of this model cannot do without training mode, whatever statistics it is given."""
    needed = upstream((tensor.node for tensor in report.outputs), controls=False)
    training = [layer for layer in report.layers if layer.mode is Mode.TRAINING]
    return gradients_left(report, Mode.INFERENCE) or moments_read(training, report.graph, needed)


def require_layers(report: Report, verb: str) -> None:
    """Raises RewriteError, with the path in front, if there is no layer to do with what the verb says."""
    if not report.layers:
        raise RewriteError(f"{report.graph.graphdef.path}: {without_layers(report, verb)}")


def _can_be_estimated(report: Report, left: list[LayerChange]) -> bool:
    """Whether there is a place for statistics of every one of these layers."""
    slots, _ = find_slots(report, create=True)
    places = {layer.name for slot in slots for layer in slot.layers}
    return places.issuperset(change.layer.name for change in left)


def _untouched(original: Report, report: Report, mode: Mode) -> list[LayerChange]:
    """The layers in calls that were not written out: they have the mode already."""
    found = {layer.name for layer in report.layers}
    return [
        LayerChange(layer=layer, mode=mode, what="kept")
        for layer in original.layers
        if layer.name not in found
    ]


def rewritable(report: Report, mode: Mode) -> Report:
    """The report of the same model with only those calls written out that hold the layers.

    Raises RewriteError where a layer that has to change stands in the body of a While of functions, which
    cannot be taken apart.
    """
    graphdef = report.graph.graphdef
    if not graphdef.functions:
        return report
    wanted = frozenset(name for layer in report.layers for name in _functions(layer))
    outputs = tuple(tensor.name for tensor in report.outputs)
    for only in (wanted, None):  # an If whose branches only hand statistics on holds no node of the layer
        found = named_as(report, inspect(flatten(graphdef, loops=False, only=only), outputs=outputs))
        lost = {layer.name for layer in report.layers if layer.mode is not mode} - {
            layer.name for layer in found.layers
        }
        if not lost:
            break
    else:
        names = first_few(sorted(lost))
        raise RewriteError(
            f"{names}: in the body of a While, which cannot be taken apart; nothing was written"
        )
    return found


def _functions(layer: BatchNorm) -> set[str]:
    """The functions in which any part of the layer stands, or that hold it."""
    branches = [branch for branch in (layer.training, layer.inference, layer.untaken) if branch is not None]
    nodes = [layer.output.node, layer.x.node, *layer.merges]
    nodes += [tensor.node for merge in layer.merges for tensor in merge.inputs]
    nodes += [node for branch in branches for node in (branch.node, branch.mean.node, branch.output.node)]
    return {name for node in nodes for name in node.functions}
