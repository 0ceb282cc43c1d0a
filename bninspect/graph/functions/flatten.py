"""Records -> Graph: edges resolved, and functions that may hold batch norm written out where they are called.

PartitionedCall bodies are put in place of the call; an If and a While are written with Switch and Merge
(`lowering`). So everything behind this file knows one kind of control flow. A function without a
candidate stays one opaque call.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bninspect.errors import GraphDefError, damage_named
from bninspect.graph.functions.library import CALL_OPS, IF_OPS, WHILE_OPS, Library
from bninspect.graph.functions.lowering import BRANCHES, Lowering
from bninspect.graph.functions.scopes import Call, Edges, Scope, data_inputs
from bninspect.graph.graph import Graph, Node, Signature, Tensor
from bninspect.graph.taken import INPUTS
from bninspect.graphdef.records import FunctionRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bninspect.graphdef.records import GraphDef, NodeDef

_MOST_WAITS = 5_000_000
_DEEPEST = 100


def flatten(graphdef: GraphDef, *, loops: bool = True, only: frozenset[str] | None = None) -> Graph:
    """The Graph of these records.

    Without `loops` a While stays one node: its body cannot be run apart from it. With `only`, calls of other
    functions than these stay as they are.

    Raises GraphDefError, with the path in front, where an input names no node, two nodes have one name, or
    functions call each other without end.
    """
    with damage_named(graphdef.path):
        return _Flattening(graphdef, loops, only).graph()


class _Flattening:
    """The work in hand: nodes written so far, and the edges still to resolve."""

    def __init__(self, graphdef: GraphDef, loops: bool, only: frozenset[str] | None) -> None:
        self.graphdef = graphdef
        self.loops = loops
        self.library = Library(graphdef)
        self.written_out = self.library.candidates if only is None else only
        self.nodes: list[Node] = []
        self.pending: list[tuple[Scope, list[Node], list[tuple[str, ...]]]] = []
        """The nodes of each body, and the names of the inputs of each."""
        self.lowering = Lowering(graphdef, self.nodes)
        self.opaque: list[tuple[Node, str]] = []
        self.edges = Edges()

    def graph(self) -> Graph:
        """Write every node, then resolve every edge."""
        top = Scope("", ())
        self._write(top, self.graphdef.nodes)
        for scope, function in self.lowering.bodies:  # grows while it is walked: a body may hold calls
            self._write(scope, function.nodes)
        self._resolve()
        self._name_results(top)
        self._name_apart()
        graph = Graph(
            self.nodes,
            graphdef=self.graphdef,
            signatures=self._signatures(top),
            opaque_calls=tuple(self.opaque),
            calls=dict(self._calls(top)),
        )
        for scope, _, _ in self.pending:  # a call and the bodies in it hold each other, and so every node
            scope.calls.clear()
        return graph

    def _write(self, scope: Scope, nodedefs: tuple[NodeDef, ...]) -> None:
        """The nodes of one body; calls are prepared, their bodies come later."""
        path, functions = scope.path, scope.functions
        inner = functions[-1] if functions else None
        calls = self.library.calls
        values = self.graphdef.variables if inner is None else None
        tensors, written_out, arguments = scope.tensors, scope.calls, scope.arguments
        tensor = partial(tuple.__new__, Tensor)  # as Tensor itself, in half the time
        add = self.nodes.append  # among those that a call was written as
        written: list[Node] = []
        inputs: list[tuple[str, ...]] = []
        for nodedef in nodedefs:
            name = nodedef.name
            op = nodedef.op
            if name in tensors or name in written_out or name in arguments:
                where = f" in function {inner}" if inner else ""
                raise GraphDefError(f"damaged: two nodes are named {name!r}{where}")
            if op in calls and (call := self._call(scope, nodedef)) is not None:
                written_out[name] = call
                continue
            if inner is None:
                node = Node(name, op, nodedef)
                if values:
                    node.stored = values.get(name)
            else:
                node = Node(path + name, op, nodedef, functions, f"{inner}/{name}")
                node.bindings = scope.bindings
            tensors[name] = tensor((node, 0))
            add(node)
            written.append(node)
            inputs.append(nodedef.inputs)
        self.pending.append((scope, written, inputs))

    def _call(self, scope: Scope, nodedef: NodeDef) -> Call | None:
        """How a call is written out; None where it stays one node."""
        targets = self.library.targets(nodedef)
        if nodedef.op in CALL_OPS:
            targets = [target for target in (nodedef.attr("f"),) if isinstance(target, FunctionRef)]
        if not any(target.name in self.written_out for target in targets):
            return None
        if nodedef.op in WHILE_OPS and not self.loops:
            return None
        reason = self._obstacle(scope, nodedef, targets)
        if reason is not None:
            node = Node(
                name=scope.path + nodedef.name, op=nodedef.op, nodedef=nodedef, functions=scope.functions
            )
            self.opaque.append((node, reason))
            return None
        if nodedef.op in IF_OPS:
            return self.lowering.conditional(scope, nodedef)
        if nodedef.op in WHILE_OPS:
            return self.lowering.loop(scope, nodedef)
        body = self.lowering.body(scope, nodedef, targets[0], "")
        data = [(scope, name) for name in data_inputs(nodedef)]
        self.lowering.bind(body, targets[0], data)
        return Call(nodedef=nodedef, bodies=(body,), outputs=[(body, name) for name in body.returns])

    def _obstacle(self, scope: Scope, nodedef: NodeDef, targets: list[FunctionRef]) -> str | None:
        """Why a call is not written out, or None."""
        missing = min(
            (target.name for target in targets if target.name not in self.graphdef.functions), default=None
        )
        if missing is not None:
            return f"{nodedef.op} calls function {missing!r}, which is not in the file"
        if len(scope.functions) >= _DEEPEST or any(target.name in scope.functions for target in targets):
            return f"{nodedef.op} calls a function that calls itself"
        if nodedef.op in IF_OPS and not (data_inputs(nodedef) and _names_functions(nodedef, BRANCHES)):
            return f"{nodedef.op} without a predicate or without its branches"
        if nodedef.op in WHILE_OPS and not _names_functions(nodedef, ("body",)):
            return f"{nodedef.op} without a body"
        if nodedef.op in CALL_OPS | IF_OPS | WHILE_OPS or nodedef.op in self.graphdef.functions:
            return None
        return f"batch norm inside a function that {nodedef.op} calls"

    def _resolve(self) -> None:
        """Every input string becomes a Tensor."""
        waits = 0
        for scope, nodes, inputs in self.pending:
            known = scope.tensors.__getitem__
            is_plain = scope.pivot is None and not scope.conditions
            for node, names in zip(nodes, inputs, strict=True):
                if not names and is_plain:
                    continue
                try:  # most inputs of most nodes are outputs of others, by their number
                    data = tuple(map(known, names)) if is_plain else None
                except KeyError:
                    data = None
                if data is not None:
                    node.inputs = data
                    continue
                waits += self._join(scope, node, names)
                if waits > _MOST_WAITS:
                    raise GraphDefError(
                        f"nodes wait for calls of functions with over {_MOST_WAITS} nodes in all"
                    )
        for node, given in self.lowering.lowered:
            node.inputs = tuple(
                value if isinstance(value, Tensor) else self.edges.tensor(value[0], value[1], node)
                for value in given
            )
        for merge, scope, name in self.lowering.predicates:
            merge.predicate = self.edges.tensor(scope, name, merge)
        _check_inputs(self.nodes)

    def _name_results(self, top: Scope) -> None:
        """What a call at the top level gives as an output of the model is named after the call: a tensor
        inside a function cannot be fetched.
        """
        if not top.calls:
            return
        read = {tensor for node in self.nodes for tensor in node.inputs}
        served = {name for signature in self.graphdef.signatures for name in signature.outputs.values()}
        for name, given in list(self._calls(top)):
            for port, tensor in enumerate(given):
                names = {f"{name}:{port}"} | ({name} if port == 0 else set())
                if tensor.node.functions and (tensor not in read or names & served):
                    read.add(tensor)
                    result = self.lowering.result(top.calls[name].nodedef, port, tensor)
                    top.tensors |= dict.fromkeys(names, result)

    def _name_apart(self) -> None:
        """A node that a call was written as gets a name that no other has: one at the top level may be called
        `call/node`, too.
        """
        if not self.library.calls:
            return
        ours = [node for node in self.nodes if node.functions or node.nodedef is None]
        taken = {node.name for node in self.nodes if not node.functions and node.nodedef is not None}
        for node in ours:
            while node.name in taken:
                node.name += "_"
            taken.add(node.name)

    def _join(self, scope: Scope, node: Node, names: tuple[str, ...]) -> int:
        """Gives a node its inputs and what it waits for; how many that is."""
        known = scope.tensors
        data: list[Tensor] = []
        controls: list[Node] = []
        for name in names:
            if name in known:
                data.append(known[name])
            elif name[:1] != "^":
                data.append(self.edges.tensor(scope, name, node))
            else:
                controls.extend(self.edges.controls(scope, name[1:], node))
        if scope.pivot is not None and not data:
            controls.append(scope.pivot)
        node.inputs = tuple(data)
        if controls:
            node.controls = tuple(controls)
        if scope.conditions:
            node.conditions = self.edges.conditions(scope)
        return len(controls)

    def _calls(self, top: Scope) -> Iterator[tuple[str, tuple[Tensor, ...]]]:
        """(name, outputs) of the calls that were written out; one that gives nothing real is left out."""
        for name, call in top.calls.items():
            ports = range(len(call.outputs))
            try:
                yield name, tuple(self.edges.tensor(top, f"{name}:{port}", None) for port in ports)
            except GraphDefError:
                continue

    def _signatures(self, top: Scope) -> tuple[Signature, ...]:
        """The serving signatures, in tensors; one that names what is not there is left out."""
        found = []
        for signature in self.graphdef.signatures:
            try:
                inputs = {key: self.edges.tensor(top, name, None) for key, name in signature.inputs.items()}
                outputs = {key: self.edges.tensor(top, name, None) for key, name in signature.outputs.items()}
            except GraphDefError:
                continue
            found.append(Signature(key=signature.key, inputs=inputs, outputs=outputs))
        return tuple(found)


def _names_functions(nodedef: NodeDef, keys: tuple[str, ...]) -> bool:
    """Whether each of these attributes is a function."""
    return all(isinstance(nodedef.attr(key), FunctionRef) for key in keys)


def _check_inputs(nodes: Iterable[Node]) -> None:
    """Raises GraphDefError for a node with fewer data inputs than its op takes, or with more."""
    every = INPUTS.get
    for node in nodes:
        bounds = every(node.op)
        if bounds is None:
            continue
        least, most = bounds
        given = len(node.inputs)
        if given < least:
            raise GraphDefError(f"damaged: {node.op} {node.label!r} has {given} of its {least} inputs")
        if most is not None and given > most:
            raise GraphDefError(f"damaged: {node.op} {node.label!r} has {given} inputs, where {most} belong")
