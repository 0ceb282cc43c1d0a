"""What is left out on purpose, and said: what no output reaches, what never runs, what nothing calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.errors import Absent
from bninspect.graph.functions.library import FUSED_OPS, GLOBAL_OP
from bninspect.text import first_few

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from bninspect.graph import Graph, Node


def skipped(graph: Graph, places: Container[Node], idle: Mapping[Node, str]) -> list[Absent]:
    """Batch-norm nodes that the outputs do not reach, those that never run, with the reason, and those of
    functions that nothing calls.
    """
    found = []
    wanted = FUSED_OPS | {GLOBAL_OP}
    beside = [node for node in graph if node not in places and node.op in wanted]
    if beside:
        found.append(
            Absent(
                what=f"{_plural('batch-norm node', len(beside))} beside the outputs ({_names(beside)})",
                count=len(beside),
                reason="no output of the model depends on them",
            )
        )
    for reason in dict.fromkeys(idle.values()):
        nodes = [node for node, why in idle.items() if why == reason]
        found.append(
            Absent(
                what=f"{_plural('batch-norm node', len(nodes))} in branches that never run ({_names(nodes)})",
                count=len(nodes),
                reason=reason,
            )
        )
    called = {name for node in graph for name in node.functions}
    functions = [function for name, function in graph.graphdef.functions.items() if name not in called]
    uncalled = [
        function for function in functions if any(node.op in wanted | {"Rsqrt"} for node in function.nodes)
    ]
    if uncalled:
        count = sum(node.op in wanted | {"Rsqrt"} for function in uncalled for node in function.nodes)
        found.append(
            Absent(
                what=f"{_plural('batch-norm node', count)} in {len(uncalled)} "
                + _plural("library function", len(uncalled)),
                count=count,
                reason="only calls that could not be decided may reach them"
                if graph.opaque_calls
                else "nothing that is served calls these functions",
            )
        )
    for tags in graph.graphdef.skipped_metagraphs:
        found.append(
            Absent(what=f"MetaGraph tagged {tags or 'nothing'}", count=1, reason="another one is served")
        )
    return found


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _names(nodes: Sequence[Node]) -> str:
    return first_few([node.label for node in nodes], 3)
