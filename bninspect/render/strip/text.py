"""What `strip` did, in a few lines."""

from __future__ import annotations

from shlex import quote as shell
from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode, State
from bninspect.files import STREAM
from bninspect.graph.ops import VARIABLES
from bninspect.graph.search import upstream
from bninspect.render.line import Line
from bninspect.rewrite.serving import deciders
from bninspect.text import by_reason, counted, grouped, human_size, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.commands.strip.stripping import StripResult
    from bninspect.graphdef import GraphDef
    from bninspect.measure.facts import Verification
    from bninspect.render.line import Tone
    from bninspect.rewrite import LayerChange

_NAMES = 5


def summary(result: StripResult) -> Iterator[Line]:
    """What was written and whether it was verified; what is wrong with it; what was done to the layers; what
    the new graph gives and takes; and the next command.
    """
    stripped = result.stripped
    yield _verdict(result)
    yield from _invalid(stripped.changes)
    yield from _layers(stripped.changes)
    outputs = [stripped.pruned.names[tensor] for tensor in stripped.report.outputs]
    yield Line(f"{'output' if len(outputs) == 1 else 'outputs'}: {listed(outputs, _NAMES)}", indent=2)
    if gone := _no_longer_fed(result):
        yield Line(f"no longer fed: {listed(gone, _NAMES)}", indent=2)
    yield from _still_fed(result)
    yield from _sizes(result)
    if result.target != STREAM:
        yield Line(f"next: bninspect check {shell(result.target)} --deploy", whole=True)


def _verdict(result: StripResult) -> Line:
    """`serving.pb: written, verified: ...`."""
    target = "standard output" if result.target == STREAM else result.target
    checked = result.verification
    if checked is None:
        return Line(f"{target}: written, not verified: --no-verify compares nothing", "bold")
    if checked.state != "verified":
        return Line(f"{target}: written, not verified: {checked.reason}", "warning")
    return Line(f"{target}: written, verified: {proof(checked, result.stripped.mode)}", "good")


def proof(checked: Verification, mode: Mode, original: str = "the original") -> str:
    """What was compared in this mode, and how well it agrees with the `original`."""
    exactly = ", bit for bit" if not checked.max_abs else f" to within {checked.max_abs:.2g}"
    rounds = f", fed {listed(checked.rounds, len(checked.rounds))}" if checked.rounds else ""
    if checked.by_formula:
        return (
            f"the layers that changed their mode are as their formula, all else as {original}"
            f"{exactly}{rounds}"
        )
    if checked.layer_by_layer:
        return (
            f"each layer is as {original} has it in {mode.value} mode{exactly}{rounds}; no one value serves "
            "that mode to all layers"
        )
    return f"the outputs are those of {original} in {mode.value} mode{exactly}{rounds}"


def _invalid(changes: Sequence[LayerChange]) -> Iterator[Line]:
    """Layers that give NaN in the mode that was written, or do not normalize."""
    wrong = {
        State.INVALID: "inference gives NaN: statistics that are not finite, or a negative variance",
        State.INITIAL: "inference does not normalize: statistics still at their initial values",
    }
    for state, what in wrong.items():
        names = [
            change.layer.name
            for change in changes
            if change.mode is Mode.INFERENCE and change.layer.statistics.state is state
        ]
        if names:
            tone: Tone = "error" if state is State.INVALID else "warning"
            yield Line(f"{what}, in {grouped(names)}", tone, indent=2)


def _sizes(result: StripResult) -> Iterator[Line]:
    """Nodes and bytes before and after. A file without its weights is no measure of one with them."""
    before, after = result.original, result.stripped.pruned.graphdef
    nodes = f"{_nodes(before)} before, {_nodes(after)} now"
    old, new = human_size(before.size), human_size(result.size)
    if before.variables is None:
        yield Line(f"{nodes}; {old} before, {new} now", indent=2)
    else:
        yield Line(f"{nodes}; {old} before without its variables, {new} now with them", indent=2)
        yield Line(f"the variables of {before.checkpoint} are constants now", indent=2)
    variables = [node.name for node in after.nodes if node.op in VARIABLES]
    if variables:
        many = counted(len(variables), "variable")
        yield Line(
            f"not frozen: {many} without values ({listed(variables)})",
            "warning",
            indent=2,
        )


def _nodes(graphdef: GraphDef) -> str:
    """`127 nodes`, or `12 nodes and 9 functions`, in which more of them stand."""
    functions = f" and {counted(len(graphdef.functions), 'function')}" if graphdef.functions else ""
    return f"{counted(len(graphdef.nodes), 'node')}{functions}"


def _no_longer_fed(result: StripResult) -> list[str]:
    """The placeholders that the outputs depended on, and depend on no more."""
    stripped = result.stripped
    graph = stripped.report.graph
    needed = upstream(tensor.node for tensor in stripped.report.outputs)
    return [
        node.name
        for node in graph
        if node in needed and node.op.startswith("Placeholder") and node not in stripped.pruned.kept
    ]


def _still_fed(result: StripResult) -> Iterator[Line]:
    """What decided batch norm and decides something else, which is left to it."""
    stripped = result.stripped
    for decider in deciders(stripped.report):
        node, mode = decider.tensor.node, stripped.mode
        if node not in stripped.pruned.kept or not node.op.startswith("Placeholder"):
            continue
        values = listed([str(value).lower() for value in decider.to_feed(mode)], _NAMES)
        same = f"{values} all serve {mode.value} mode"
        why = same if decider.serving(mode) else f"no one value serves {mode.value} mode to all layers"
        yield Line(f"still fed: {node.name}, which decides more than batch norm ({why})", "warning", indent=2)


def _layers(changes: Sequence[LayerChange]) -> Iterator[Line]:
    """The layers by what was done, those whose mode is another than before first."""
    groups = by_reason((change.layer.name, _what(change)) for change in changes)
    for what, names in sorted(groups.items(), key=lambda item: "fixed" not in item[0]):
        yield Line(f"{grouped(names)}: {what}", indent=2)


def _what(change: LayerChange) -> str:
    """The mode that a layer has now, and how it came to its mode before."""
    before, now = change.layer.mode, change.mode.value
    if change.what == "left":
        return "left out, as it runs in training alone"
    if change.what == "kept":
        return f"{now} mode, as before"
    if before is Mode.SWITCHED:
        return f"{now} mode, switched before"
    return f"{now} mode, fixed to {before.value} mode before"
