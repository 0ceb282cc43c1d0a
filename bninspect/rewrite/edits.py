"""What a rewritten graph has otherwise than the graph it came from: an overlay, so that a Graph is never
changed.

A redirect gives every reader of a tensor another one; an override one input of one node; a set of
attributes a node that computes otherwise; and nodes of our own stand beside those of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.graph import Node, Tensor
from bninspect.graph.loops import in_loops
from bninspect.graph.ops import SWITCHES, mutates
from bninspect.graph.search import dependents, end, reach, way
from bninspect.graphdef.writer import free_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bninspect.graph import Graph

_STOPPING = frozenset({"Assert", "CheckNumerics", "CheckNumericsV2"})
"""Ops that end a run: what waits for them, waits for a reason."""


class Edits:
    """The overlay of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._redirects: dict[Tensor, Tensor] = {}
        self._overrides: dict[tuple[Node, int], Tensor] = {}
        self._attributes: dict[Node, dict[str, Any]] = {}
        self._freed: dict[Node, frozenset[Node]] = {}
        self._added: dict[Node, Node] = {}
        self._looped = in_loops(graph)
        self._names: set[str] = set()
        self._updating: dict[Node, bool] = {}
        self._behind_checks: set[Node] | None = None

    def redirect(self, old: Tensor, new: Tensor) -> None:
        """Every reader of `old` reads `new`. `new` must not depend on `old`."""
        if old != new:
            self._redirects[old] = new

    def override(self, node: Node, slot: int, new: Tensor) -> None:
        """One input of one node reads `new`."""
        self._overrides[node, slot] = new

    def read_by(self, node: Node, slot: int) -> Tensor:
        """What one input of one node reads, before any redirect: as the file has it, or overridden."""
        return self._overrides.get((node, slot), node.inputs[slot])

    def set_attributes(self, node: Node, **values: Any) -> None:
        """Attributes that replace those of the file."""
        self._attributes.setdefault(node, {}).update(values)

    def free(self, node: Node, controls: frozenset[Node], near: Node) -> None:
        """The node no longer waits for these nodes.

        Inside a loop, a node without data inputs has its frame from what it waits for: then it waits for
        `near`.
        """
        self._freed[node] = self._freed.get(node, frozenset()) | controls
        if self._looped and not node.inputs:
            self._added[node] = near

    def add(
        self, name: str, op: str, inputs: Sequence[Tensor], controls: Sequence[Node] = (), **attributes: Any
    ) -> Tensor:
        """Output 0 of a new node; the name is made unique."""
        unique = free_name(name, lambda one: one in self.graph or one in self._names)
        self._names.add(unique)
        node = Node(name=unique, op=op, nodedef=None)
        node.inputs, node.controls, node.bindings = tuple(inputs), tuple(controls), attributes
        return node.output()

    def replace(self, node: Node, op: str, inputs: Sequence[Tensor], **attributes: Any) -> Node:
        """A new node under the name of this one, whose outputs (no op here has more than the two of a Switch)
        its readers read instead.
        """
        new = Node(name=node.name, op=op, nodedef=None)
        new.inputs, new.controls, new.bindings = tuple(inputs), node.controls, attributes
        for port in (0, 1):
            self.redirect(node.output(port), new.output(port))
        return new

    def resolve(self, tensor: Tensor) -> Tensor:
        """What a reader of this tensor now reads."""
        return end(tensor, self._redirects.get)

    def inputs(self, node: Node) -> tuple[Tensor, ...]:
        """What the node now reads."""
        return tuple(
            self.resolve(self._overrides.get((node, slot), tensor)) for slot, tensor in enumerate(node.inputs)
        )

    def controls(self, node: Node) -> tuple[Node, ...]:
        """What the node still waits for: no node it was freed of, no update, no Merge that was left out, no
        NoOp that keeps it waiting for nothing but its own input.
        """
        freed = self._freed.get(node, frozenset())
        added = (self._added[node],) if node in self._added else ()
        waited = (
            control
            for control in self._waited_for(node, freed)
            if control not in freed
            and control.output() not in self._redirects
            and not self._is_update(control)
            and not (control.op == "NoOp" and self._waits_for_its_input(node, control))
        )
        return tuple(dict.fromkeys((*waited, *added)))

    def _waited_for(self, node: Node, freed: frozenset[Node]) -> Iterator[Node]:
        """What the node waits for in the file. In place of a Switch, which says only that its inputs are
        there, those of them that may stop the run: TensorFlow's graph optimizer does not return on an edge
        that ends on a Switch (2.21).
        """
        for control in node.controls:
            if control.op not in SWITCHES or self._looped or control in freed:
                yield control
            elif any(tensor.node.op in SWITCHES for tensor in control.inputs):
                yield control  # it says as well that the branch around it is taken
            else:
                yield from (tensor.node for tensor in control.inputs if self._may_stop(tensor.node))

    def _may_stop(self, node: Node) -> bool:
        """Whether an Assert or another check stands before the node, or is it."""
        if self._behind_checks is None:
            self._behind_checks = _behind(self.graph, _STOPPING)
        return node in self._behind_checks

    def attributes(self, node: Node) -> Mapping[str, Any]:
        """The attributes that replace those of the file."""
        return self._attributes.get(node, {})

    def in_loop(self, node: Node) -> bool:
        """Whether the node stands in a loop, where it may read nothing from outside but through an Enter."""
        return node in self._looped

    def _waits_for_its_input(self, node: Node, control: Node) -> bool:
        """Whether all that this NoOp waits for hands the node its input: so functions end, once they are
        written out.
        """
        handing = set(way(node, self._handed)) - {node}
        idle = reach([control], lambda waiting: (one for one in self.controls(waiting) if one.op == "NoOp"))
        return bool(handing) and all(
            waited.op == "NoOp" or waited in handing for waiting in idle for waited in self.controls(waiting)
        )

    def _handed(self, node: Node) -> Node | None:
        """The node whose value an Identity hands on; None for any other node."""
        if node.op != "Identity":
            return None
        return self.resolve(self._overrides.get((node, 0), node.inputs[0])).node

    def _is_update(self, node: Node) -> bool:
        """Whether a node waited for changes a variable, or hands on the value of one that does."""
        passed = []
        found = False
        for place in way(node, _value_of):
            known = self._updating.get(place)
            passed.append(place)
            if known is not None or mutates(place.op):
                found = known is not False
                break
        self._updating.update(dict.fromkeys(passed, found))
        return found


def _behind(graph: Graph, ops: frozenset[str]) -> set[Node]:
    """The nodes of these ops, and all that depend on one of them by data or control edges."""
    starts = [node for node in graph if node.op in ops]
    return set(reach(starts, dependents(graph))) if starts else set()


def _value_of(node: Node) -> Node | None:
    """The node whose value this one hands on, be it that of a variable; None for any other node."""
    return node.inputs[0].node if node.op in ("Identity", "RefIdentity", "ReadVariableOp") else None
