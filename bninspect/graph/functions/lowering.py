"""Calls of functions taken apart: the scope of a body, and the nodes that stand for an If or a While.

An If becomes a Switch per input and a Merge per output, as in TensorFlow's own lowering
(core/common_runtime/lower_if_op.cc), and a While its Enter, Merge, NextIteration and Exit.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError
from bninspect.graph.functions.scopes import Call, Scope, data_inputs
from bninspect.graph.graph import Node, Tensor
from bninspect.graph.types import given_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graphdef.records import FunctionDef, FunctionRef, GraphDef, NodeDef

BRANCHES = ("then_branch", "else_branch")
_MOST_WRITTEN = 500_000
"""Nodes, arguments and results that the bodies of functions may come to, each as often as it is called."""


class Lowering:
    """What taking calls apart has written so far, with edges still to resolve."""

    def __init__(self, graphdef: GraphDef, nodes: list[Node]) -> None:
        """`nodes` is the list of all nodes written; those made here are added to it."""
        self.graphdef = graphdef
        self.nodes = nodes
        self.lowered: list[tuple[Node, list[tuple[Scope, str] | Tensor]]] = []
        """Nodes made here, with their inputs."""
        self.predicates: list[tuple[Node, Scope, str]] = []
        """Merges that stand for an If, with what chooses."""
        self.bodies: list[tuple[Scope, FunctionDef]] = []
        """Functions whose nodes are still to be written, each in its scope."""
        self._written = 0

    def body(self, scope: Scope, nodedef: NodeDef, target: FunctionRef, suffix: str) -> Scope:
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
        self._written += size * (1 + len(body.path) // 1024)
        if self._written > _MOST_WRITTEN:
            raise GraphDefError(
                f"the functions call each other so often that they make over {_MOST_WRITTEN} nodes"
            )
        self.bodies.append((body, function))
        return body

    def bind(self, body: Scope, target: FunctionRef, values: list[Any]) -> None:
        """Join the arguments of a body to what the call passes."""
        names = self.graphdef.functions[target.name].arguments
        if len(names) != len(values):
            raise GraphDefError(
                f"damaged: function {target.name} takes {len(names)} inputs and is given {len(values)}"
            )
        body.arguments.update(zip(names, values, strict=True))

    def _node(
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

    def conditional(self, scope: Scope, nodedef: NodeDef) -> Call:
        """A Switch per input (output 1 for the then branch), a Merge per output (input 1 from it)."""
        predicate, *data = data_inputs(nodedef)
        then, other = (nodedef.attr(name) for name in BRANCHES)
        bodies = []
        switches = [
            self._node(
                scope, "Switch", f"{nodedef.name}/Switch_{i}", [(scope, name), (scope, predicate)], dtype
            )
            for i, (name, dtype) in enumerate(zip(data, _types(nodedef, "Tin"), strict=False))
        ]
        steering = self._node(
            scope, "Switch", f"{nodedef.name}/Switch", [(scope, predicate), (scope, predicate)], "bool"
        )
        for target, suffix, taken in ((other, "/else", False), (then, "/then", True)):
            body = self.body(scope, nodedef, target, suffix)
            body.conditions.append(((scope, predicate), taken))
            pivot = "pivot_t" if taken else "pivot_f"
            alive = [steering.output(int(taken))]
            body.pivot = self._node(scope, "Identity", f"{nodedef.name}/{pivot}", alive, "bool")
            self.bind(body, target, [switch.output(int(taken)) for switch in switches])
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
            merge = self._node(scope, "Merge", name, inputs, dtype, f"{label}:{i}")
            merge.label = label
            self.predicates.append((merge, scope, predicate))
            outputs.append(merge.output())
        return Call(nodedef=nodedef, bodies=tuple(bodies), outputs=outputs)

    def loop(self, scope: Scope, nodedef: NodeDef) -> Call:
        """Each loop variable: Enter, Merge with NextIteration, Exit; the body once, the condition never."""
        data = data_inputs(nodedef)
        target = nodedef.attr("body")
        body = self.body(scope, nodedef, target, "/body")
        merges, outputs = [], []
        label = f"{scope.functions[-1]}/{nodedef.name}" if scope.functions else nodedef.name
        if len(body.returns) != len(data):
            raise GraphDefError(
                f"damaged: the body of {nodedef.name} returns {len(body.returns)} of {len(data)} variables"
            )
        for i, (name, dtype) in enumerate(zip(data, _types(nodedef, "T"), strict=False)):
            path = f"{nodedef.name}/{{}}_{i}"
            enter = self._node(scope, "Enter", path.format("Enter"), [(scope, name)], dtype)
            ending = [(body, body.returns[i])]
            back = self._node(scope, "NextIteration", path.format("Next"), ending, dtype)
            turn = [enter.output(), back.output()]
            merge = self._node(scope, "Merge", path.format("Merge"), turn, dtype)
            leave = self._node(scope, "Exit", path.format("Exit"), [merge.output()], dtype, f"{label}:{i}")
            leave.label = label
            merges.append(merge.output())
            outputs.append(leave.output())
        self.bind(body, target, merges)
        return Call(nodedef=nodedef, bodies=(body,), outputs=list(outputs))

    def result(self, call: NodeDef, port: int, tensor: Tensor) -> Tensor:
        """An Identity at the top level that stands for an output of a call, which is this tensor."""
        name = f"{call.name}/Result_{port}"
        node = Node(name=name, op="Identity", nodedef=None, label=call.name, stands_for=f"{call.name}:{port}")
        dtype = next(islice(_types(call, "Tout"), port, None))
        node.bindings = {"T": dtype or given_type(tensor.node, tensor.port)}
        node.inputs = (tensor,)
        self.nodes.append(node)
        return node.output()


def _types(nodedef: NodeDef, key: str) -> Iterator[Any]:
    """The dtypes a call lists, and then None for as long as they are asked for."""
    listed = nodedef.attr(key)
    yield from listed if isinstance(listed, tuple) else ()
    while True:
        yield None
