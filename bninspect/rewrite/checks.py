"""Checks of what decides, left out with what they check.

tf.case asserts of its cases that no two hold, and a model may assert of its step that it is not negative.
Once every layer has its mode, such an Assert says something about a value that nothing else reads. It is kept
where anything else does, and so is every check of something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.search import dependencies, postorder, reach, upstream
from bninspect.run.pure_ops import PURE_OPS, RANDOM_OPS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from bninspect.batchnorm import Report
    from bninspect.graph import Node
    from bninspect.rewrite.edits import Edits

_COMPUTING = PURE_OPS - RANDOM_OPS
Edge = tuple["Node", "Node"]
"""A node, and what it waits for."""


def leave_out_checks(report: Report, edits: Edits) -> None:
    """Nothing waits any more for an Assert of which only what decides the layers has a say, if the outputs
    need that for nothing else.
    """
    asserts = [node for node in report.graph if node.op == "Assert"]
    if asserts:
        _leave_out(asserts, report, edits)


def _leave_out(asserts: list[Node], report: Report, edits: Edits) -> None:
    deciding = _fed_to_decide(report)
    outputs = [edits.resolve(tensor).node for tensor in report.outputs]
    kept = set(reach(outputs, _before(edits, ())))
    waited = {(node, control) for node in kept for control in edits.controls(node)}
    behind = _checked(asserts, {control for _, control in waited}, deciding)
    idle = {(node, control) for node, control in waited if control in behind and not edits.in_loop(node)}
    needed = set(reach(outputs, _before(edits, idle)))
    for node, control in idle:
        if needed.isdisjoint(behind[control]):
            edits.free(node, frozenset((control,)), node)


def _fed_to_decide(report: Report) -> set[Node]:
    """What is fed to the predicates of the layers."""
    predicates = (layer.switch.predicate.tensor.node for layer in report.layers if layer.switch is not None)
    return {node for node in upstream(predicates) if node.op.startswith("Placeholder")}


def _before(edits: Edits, without: Collection[Edge]) -> Callable[[Node], Iterator[Node]]:
    """Of a node all that it reads and waits for after the edits, without these edges."""

    def before(node: Node) -> Iterator[Node]:
        yield from (tensor.node for tensor in edits.inputs(node))
        yield from (control for control in edits.controls(node) if (node, control) not in without)

    return before


def _checked(
    asserts: Iterable[Node], starts: Iterable[Node], deciding: Collection[Node]
) -> Mapping[Node, frozenset[Node]]:
    """What is fed to each of these nodes, if they stand behind an Assert and depend on nothing but these
    placeholders and constants.
    """
    fed: dict[Node, frozenset[Node] | None] = {}
    checking = set(asserts)
    for node in postorder(starts, dependencies):
        before = [fed.get(one) for one in dependencies(node)]
        if any(one in checking for one in dependencies(node)):
            checking.add(node)
        if node in deciding:
            fed[node] = frozenset((node,))
        elif None in before or node.op.startswith("Placeholder") or node.op not in _COMPUTING:
            fed[node] = None
        else:
            fed[node] = frozenset().union(*filter(None, before))
    return {node: found for node, found in fed.items() if found and node in checking}
