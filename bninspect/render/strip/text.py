"""What `strip` did, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode, State
from bninspect.graph.ops import VARIABLES
from bninspect.graph.search import upstream
from bninspect.render.line import Line
from bninspect.rewrite.serving import deciders
from bninspect.text import counted, human_size, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.commands.strip.stripping import StripResult
    from bninspect.graphdef import GraphDef
    from bninspect.rewrite import LayerChange

_NAMES = 5


def summary(result: StripResult) -> Iterator[Line]:
    """Statistics that nobody can serve with; the file, nodes and bytes before and after, what the new graph
    gives and no longer takes, the check against the original, and the layers by what was done to each.
    """
    stripped = result.stripped
    after = stripped.pruned.graphdef
    yield from _invalid(stripped.changes)
    target = "standard output" if result.target == "-" else result.target
    yield Line(f"written: {target}", "bold")
    yield from _sizes(result)
    outputs = [stripped.pruned.names[tensor] for tensor in stripped.report.outputs]
    yield Line(f"{'output' if len(outputs) == 1 else 'outputs'}: {listed(outputs, _NAMES)}")
    gone = _no_longer_fed(result)
    if gone:
        yield Line(f"no longer fed: {listed(gone, _NAMES)}")
    yield from _still_fed(result)
    variables = [node.name for node in after.nodes if node.op in VARIABLES]
    if variables:
        many = counted(len(variables), "variable")
        text = f"not frozen: the new graph reads {many} whose values it does not hold ({listed(variables)})"
        yield Line(text, "warning")
    yield _verified(result)
    yield from _layers(stripped.changes)


def _invalid(changes: Sequence[LayerChange]) -> Iterator[Line]:
    """Layers that give NaN in the mode that was written."""
    names = [
        change.layer.name
        for change in changes
        if change.mode is Mode.INFERENCE and change.layer.statistics.state is State.INVALID
    ]
    if names:
        verb = "has" if len(names) == 1 else "have"
        yield Line(
            f"{counted(len(names), 'layer')} {verb} statistics that are not finite (NaN, infinity) or a "
            f"negative variance, so that inference gives NaN there: {listed(names, _NAMES)}",
            "error",
        )


def _sizes(result: StripResult) -> Iterator[Line]:
    """Nodes and bytes before and after. A file without its weights is no measure of one with them."""
    before, after = result.original, result.stripped.pruned.graphdef
    nodes = f"nodes {_nodes(before)} to {_nodes(after)}"
    old, new = human_size(before.size), human_size(result.size)
    if before.variables is None:
        yield Line(f"{nodes}, {old} to {new}")
        return
    yield Line(f"{nodes}; {old} of graph without its variables, {new} with them")
    yield Line(f"frozen in: the variables of {before.checkpoint}")


def _nodes(graphdef: GraphDef) -> str:
    """`127`, or `12 and 9 functions`, where nodes stand as well."""
    functions = f" and {counted(len(graphdef.functions), 'function')}" if graphdef.functions else ""
    return f"{len(graphdef.nodes):,}{functions}"


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
        alike = f"{values} serve {mode.value} alike"
        why = alike if decider.serving(mode) else f"no one value serves {mode.value} to all layers"
        yield Line(f"still fed: {node.name}, which decides more than batch norm ({why})", "warning")


def _verified(result: StripResult) -> Line:
    found = result.verification
    if found is None:
        return Line("not compared with the original")
    if found.state == "impossible":
        return Line(f"not compared with the original, which was not possible: {found.reason}", "warning")
    exactly = ", bit for bit" if not found.max_abs else f" to within {found.max_abs:.2g}"
    rounds = f", fed {listed(found.rounds, len(found.rounds))}" if found.rounds else ""
    if any(change.what == "flipped" for change in result.stripped.changes):
        return Line(
            f"verified: what was flipped is as its formula, all else as the original{exactly}{rounds}"
        )
    mode = result.stripped.mode.value
    if found.layer_by_layer:
        return Line(
            f"verified layer by layer: each is as the original has it in {mode} mode{exactly}{rounds}; no "
            "one value serves that mode to all of them"
        )
    return Line(f"verified: the outputs are those of the original in {mode} mode{exactly}{rounds}")


def _layers(changes: Sequence[LayerChange]) -> Iterator[Line]:
    """The layers by what was done. Those whose mode is another than before are all named."""
    chosen = [change for change in changes if change.what == "branch" and change.layer.mode is Mode.SWITCHED]
    turned = [
        change
        for change in changes
        if change.what == "flipped" or (change.what == "branch" and change.layer.mode is not Mode.SWITCHED)
    ]
    kept = [change for change in changes if change.what == "kept"]
    if chosen:
        mode = chosen[0].mode.value
        yield Line(f"{counted(len(chosen), 'layer')} switched before, now in {mode} mode")
    if turned:
        mode, before = turned[0].mode.value, turned[0].layer.mode.value
        yield Line(f"{counted(len(turned), 'layer')} fixed to {before} mode before, now in {mode} mode:")
        for change in turned:
            yield Line(change.layer.name, indent=2)
    if kept:
        yield Line(f"{counted(len(kept), 'layer')} in {kept[0].mode.value} mode already")
    untrained = [
        change.layer.name
        for change in changes
        if change.mode is Mode.INFERENCE and change.layer.statistics.state is State.INITIAL
    ]
    if untrained:
        verb = "has" if len(untrained) == 1 else "have"
        yield Line(
            f"{counted(len(untrained), 'layer')} {verb} statistics that were never updated, so that "
            f"inference does not normalize there: {listed(untrained, _NAMES)}",
            "warning",
        )
