"""Records -> Graph: edges resolved, and functions that may hold batch norm written out where they are called.

PartitionedCall bodies are put in place of the call; an If becomes a Switch per input and a Merge per output,
as in TensorFlow's own lowering (core/common_runtime/lower_if_op.cc), and a While its Enter, Merge,
NextIteration and Exit. So everything behind this file knows one kind of control flow. A function without a
candidate stays one opaque call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError, one_line
from bninspect.graphdef.graph import Graph, Node, Signature, Tensor
from bninspect.graphdef.library import IF_OPS, Library
from bninspect.graphdef.records import FunctionRef
from bninspect.graphdef.scopes import Call, Edges, Scope, data_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graphdef.records import FunctionDef, GraphDef, NodeDef

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_WHILES = frozenset({"While", "StatelessWhile"})
_BRANCHES = ("then_branch", "else_branch")
_MOST_WRITTEN = 500_000
"""Nodes, arguments and results that the bodies of functions may come to, each as often as it is called."""
_MOST_WAITS = 5_000_000
_DEEPEST = 100


def flatten(graphdef: GraphDef, *, loops: bool = True, only: frozenset[str] | None = None) -> Graph:
    """The Graph of these records.

    Without `loops` a While stays one node: its body cannot be run apart from it. With `only`, calls of other
    functions than these stay as they are.

    Raises GraphDefError, with the path in front, where an input names no node, two nodes have one name, or
    functions call each other without end.
    """
    try:
        return _Flattening(graphdef, loops, only).graph()
    except GraphDefError as error:
        raise GraphDefError(f"{graphdef.path}: {one_line(error)}") from None


class _Flattening:
    """The work in hand: nodes written so far, and the edges still to resolve."""

    def __init__(self, graphdef: GraphDef, loops: bool, only: frozenset[str] | None) -> None:
        self.graphdef = graphdef
        self.loops = loops
        self.library = Library(graphdef)
        self.written_out = self.library.candidates if only is None else only
        self.nodes: list[Node] = []
        self.pending: list[tuple[Node, Scope]] = []
        self.lowered: list[tuple[Node, list[tuple[Scope, str] | Tensor]]] = []
        self.predicates: list[tuple[Node, Scope, str]] = []
        self.opaque: list[tuple[Node, str]] = []
        self.bodies: list[tuple[Scope, FunctionDef]] = []
        self.edges = Edges()
        self.written = 0

    def graph(self) -> Graph:
        """Write every node, then resolve every edge."""
        top = Scope("", ())
        self._write(top, self.graphdef.nodes)
        for scope, function in self.bodies:  # grows while it is walked: a body may hold calls
            self._write(scope, function.nodes)
        self._resolve()
        return Graph(
            self.nodes,
            graphdef=self.graphdef,
            signatures=self._signatures(top),
            opaque_calls=tuple(self.opaque),
        )

    def _write(self, scope: Scope, nodedefs: tuple[NodeDef, ...]) -> None:
        """The nodes of one body; calls are prepared, their bodies come later."""
        inner = scope.functions[-1] if scope.functions else None
        calls = self.library.calls
        for nodedef in nodedefs:
            name = nodedef.name
            if name in scope.nodes or name in scope.arguments:
                where = f" in function {inner}" if inner else ""
                raise GraphDefError(f"damaged: two nodes are named {name!r}{where}")
            if nodedef.op in calls and (call := self._call(scope, nodedef)) is not None:
                scope.nodes[name] = call
                continue
            node = Node(
                name=scope.path + name,
                op=nodedef.op,
                nodedef=nodedef,
                functions=scope.functions,
                label=f"{inner}/{name}" if inner else None,
            )
            node.bindings = scope.bindings
            scope.nodes[name] = node
            self.nodes.append(node)
            self.pending.append((node, scope))

    def _call(self, scope: Scope, nodedef: NodeDef) -> Call | None:
        """How a call is written out; None where it stays one node."""
        targets = self.library.targets(nodedef)
        if nodedef.op in _CALLS:
            targets = [target for target in (nodedef.attr("f"),) if isinstance(target, FunctionRef)]
        if not any(target.name in self.written_out for target in targets):
            return None
        if nodedef.op in _WHILES and not self.loops:
            return None
        reason = self._obstacle(scope, nodedef, targets)
        if reason is not None:
            node = Node(
                name=scope.path + nodedef.name, op=nodedef.op, nodedef=nodedef, functions=scope.functions
            )
            self.opaque.append((node, reason))
            return None
        if nodedef.op in IF_OPS:
            return self._lower_if(scope, nodedef)
        if nodedef.op in _WHILES:
            return self._lower_while(scope, nodedef)
        body = self._body(scope, nodedef, targets[0], "")
        data = [(scope, name) for name in data_inputs(nodedef)]
        self._bind(body, targets[0], data)
        return Call(nodedef, (body,), [(body, name) for name in body.returns])

    def _obstacle(self, scope: Scope, nodedef: NodeDef, targets: list[FunctionRef]) -> str | None:
        """Why a call is not written out, or None."""
        missing = next(
            (target.name for target in targets if target.name not in self.graphdef.functions), None
        )
        if missing is not None:
            return f"{nodedef.op} calls function {missing!r}, which is not in the file"
        if len(scope.functions) >= _DEEPEST or any(target.name in scope.functions for target in targets):
            return f"{nodedef.op} calls a function that calls itself"
        if nodedef.op in IF_OPS and not (data_inputs(nodedef) and _names_functions(nodedef, _BRANCHES)):
            return f"{nodedef.op} without a predicate or without its branches"
        if nodedef.op in _WHILES and not _names_functions(nodedef, ("body",)):
            return f"{nodedef.op} without a body"
        if nodedef.op in _CALLS | IF_OPS | _WHILES or nodedef.op in self.graphdef.functions:
            return None
        return f"batch norm inside a function that {nodedef.op} calls"

    def _body(self, scope: Scope, nodedef: NodeDef, target: FunctionRef, suffix: str) -> Scope:
        """A new scope for one call of a function."""
        function = self.graphdef.functions[target.name]
        body = Scope(f"{scope.path}{nodedef.name}{suffix}/", (*scope.functions, function.name))
        body.conditions = list(scope.conditions)
        body.bindings = target.attributes or nodedef.attributes
        body.control_returns = function.control_returns
        try:
            body.returns = tuple(function.returns[name] for name in function.outputs)
        except KeyError as error:
            raise GraphDefError(f"damaged: function {function.name} returns nothing for {error}") from None
        size = len(function.nodes) + len(function.arguments) + len(function.returns) + 1
        self.written += size * (1 + len(body.path) // 1024)
        if self.written > _MOST_WRITTEN:
            raise GraphDefError(
                f"the functions call each other so often that they make over {_MOST_WRITTEN} nodes"
            )
        self.bodies.append((body, function))
        return body

    def _bind(self, body: Scope, target: FunctionRef, values: list[Any]) -> None:
        """Join the arguments of a body to what the call passes."""
        names = self.graphdef.functions[target.name].arguments
        if len(names) != len(values):
            raise GraphDefError(
                f"damaged: function {target.name} takes {len(names)} inputs and is given {len(values)}"
            )
        body.arguments.update(zip(names, values, strict=True))

    def _lowered(
        self, scope: Scope, op: str, name: str, inputs: list[Any], dtype: Any, stands_for: str | None = None
    ) -> Node:
        """A node that stands for a part of an If or While, for a tensor of this type."""
        node = Node(
            name=scope.path + name, op=op, nodedef=None, functions=scope.functions, stands_for=stands_for
        )
        if scope.functions:
            node.label = f"{scope.functions[-1]}/{name}"
        node.bindings = {"T": dtype, "N": len(inputs)} if op == "Merge" else {"T": dtype}
        self.nodes.append(node)
        self.lowered.append((node, inputs))
        return node

    def _lower_if(self, scope: Scope, nodedef: NodeDef) -> Call:
        """A Switch per input (output 1 for the then branch), a Merge per output (input 1 from it)."""
        predicate, *data = data_inputs(nodedef)
        then, other = (nodedef.attr(name) for name in _BRANCHES)
        bodies = []
        switches = [
            self._lowered(
                scope, "Switch", f"{nodedef.name}/Switch_{i}", [(scope, name), (scope, predicate)], dtype
            )
            for i, (name, dtype) in enumerate(zip(data, _types(nodedef, "Tin"), strict=False))
        ]
        steering = self._lowered(
            scope, "Switch", f"{nodedef.name}/Switch", [(scope, predicate), (scope, predicate)], "bool"
        )
        for target, suffix, taken in ((other, "/else", False), (then, "/then", True)):
            body = self._body(scope, nodedef, target, suffix)
            body.conditions.append(((scope, predicate), taken))
            pivot = "pivot_t" if taken else "pivot_f"
            alive = [steering.output(int(taken))]
            body.pivot = self._lowered(scope, "Identity", f"{nodedef.name}/{pivot}", alive, "bool")
            self._bind(body, target, [switch.output(int(taken)) for switch in switches])
            bodies.append(body)
        if len(bodies[0].returns) != len(bodies[1].returns):
            raise GraphDefError(
                f"damaged: the branches of {nodedef.name} return different numbers of tensors"
            )
        outputs: list[Tensor | tuple[Scope, str]] = []
        label = f"{scope.functions[-1]}/{nodedef.name}" if scope.functions else nodedef.name
        returns = zip(bodies[0].returns, bodies[1].returns, _types(nodedef, "Tout"), strict=False)
        for i, (no, yes, dtype) in enumerate(returns):
            inputs = [(bodies[0], no), (bodies[1], yes)]
            name = f"{nodedef.name}/Merge_{i}"
            merge = self._lowered(scope, "Merge", name, inputs, dtype, f"{label}:{i}")
            merge.label = label
            self.predicates.append((merge, scope, predicate))
            outputs.append(merge.output())
        return Call(nodedef, tuple(bodies), outputs)

    def _lower_while(self, scope: Scope, nodedef: NodeDef) -> Call:
        """Each loop variable: Enter, Merge with NextIteration, Exit; the body once, the condition never."""
        data = data_inputs(nodedef)
        target = nodedef.attr("body")
        body = self._body(scope, nodedef, target, "/body")
        merges, outputs = [], []
        if len(body.returns) != len(data):
            raise GraphDefError(
                f"damaged: the body of {nodedef.name} returns {len(body.returns)} of {len(data)} variables"
            )
        for i, (name, dtype) in enumerate(zip(data, _types(nodedef, "T"), strict=False)):
            path = f"{nodedef.name}/{{}}_{i}"
            enter = self._lowered(scope, "Enter", path.format("Enter"), [(scope, name)], dtype)
            ending = [(body, body.returns[i])]
            back = self._lowered(scope, "NextIteration", path.format("Next"), ending, dtype)
            turn = [enter.output(), back.output()]
            merge = self._lowered(scope, "Merge", path.format("Merge"), turn, dtype)
            leave = self._lowered(scope, "Exit", path.format("Exit"), [merge.output()], dtype)
            merges.append(merge.output())
            outputs.append(leave.output())
        self._bind(body, target, merges)
        return Call(nodedef, (body,), list(outputs))

    def _resolve(self) -> None:
        """Every input string becomes a Tensor."""
        tensor, waits = self.edges.tensor, 0
        for node, scope in self.pending:
            assert node.nodedef is not None
            controls: list[Node] = []
            data: list[Tensor] = []
            for name in node.nodedef.inputs:
                if name[:1] == "^":
                    controls.extend(self.edges.controls(scope, name[1:], node))
                else:
                    data.append(tensor(scope, name, node))
            waits += len(controls)
            if waits > _MOST_WAITS:
                raise GraphDefError(f"nodes wait for calls of functions with over {_MOST_WAITS} nodes in all")
            if scope.pivot is not None and not data:
                controls.append(scope.pivot)
            node.inputs, node.controls = tuple(data), tuple(controls)
            node.conditions = self.edges.conditions(scope)
        for node, inputs in self.lowered:
            node.inputs = tuple(
                value if isinstance(value, Tensor) else self.edges.tensor(value[0], value[1], node)
                for value in inputs
            )
        for merge, scope, name in self.predicates:
            merge.predicate = self.edges.tensor(scope, name, merge)

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


def _types(nodedef: NodeDef, key: str) -> Iterator[Any]:
    """The dtypes a call lists, and then None for as long as they are asked for."""
    listed = nodedef.attr(key)
    yield from listed if isinstance(listed, tuple) else ()
    while True:
        yield None


def _names_functions(nodedef: NodeDef, keys: tuple[str, ...]) -> bool:
    """Whether each of these attributes is a function."""
    return all(isinstance(nodedef.attr(key), FunctionRef) for key in keys)
