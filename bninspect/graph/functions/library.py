"""The function library: which ops call functions, and which functions may hold a normalization."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from bninspect.graph.search import reach
from bninspect.graphdef.records import FunctionRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bninspect.graphdef.records import FunctionDef, GraphDef, NodeDef

FUSED_OPS = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx"})
GLOBAL_OP = "BatchNormWithGlobalNormalization"
REWRITTEN_OPS = frozenset({
    "_MklFusedBatchNorm", "_MklFusedBatchNormV2", "_MklFusedBatchNormV3", "_MklFusedBatchNormEx",
    "_MklNativeFusedBatchNorm", "_MklNativeFusedBatchNormV2", "_MklNativeFusedBatchNormV3",
    "_MklNativeFusedBatchNormEx",
})  # fmt: skip
"""What TensorFlow makes of a fused op for oneDNN while it runs a graph (core/graph/mkl_layout_pass.cc)."""
FUSED_CONVOLUTIONS = frozenset({
    "_FusedConv2D", "_FusedDepthwiseConv2dNative", "_MklFusedConv2D", "_MklNativeFusedConv2D",
    "_MklFusedDepthwiseConv2dNative", "_MklNativeFusedDepthwiseConv2dNative",
})  # fmt: skip
"""What TensorFlow makes of a convolution and what follows it while it runs a graph, be it a batch norm
(core/grappler/optimizers/remapper.cc).
"""
QUANTIZED_OP = "QuantizedBatchNormWithGlobalNormalization"
IPU_OPS = frozenset({"PopnnBatchNormInference", "PopnnBatchNormTraining"})
"""The batch norm of Graphcore's TensorFlow for its IPU."""
COMPILED_OPS = frozenset({
    "XlaCallModule", "XlaLaunch", "XlaLaunchV2", "_XlaRun", "TPUExecute", "TPUExecuteAndUpdateVariables",
    "TRTEngineOp", "RemoteFusedGraphExecute", "NeuronOp", "NGraphEncapsulate", "_nGraphEncapsulate",
})  # fmt: skip
"""Ops that run a program, made of a graph, that stands in an attribute or comes from a compiler."""
ROOT_OPS = frozenset({"Rsqrt", "Sqrt", "Pow"})
"""Ops that may take the square root of a variance."""
POWER_OPS = frozenset({"Log", "Exp"})
"""Ops that may take a root together: exp(-0.5 * log(variance))."""
UNREAD_OPS = REWRITTEN_OPS | FUSED_CONVOLUTIONS | COMPILED_OPS | IPU_OPS | {QUANTIZED_OP}
"""Ops that may hold a batch norm that is not read."""
CANDIDATES = FUSED_OPS | UNREAD_OPS | ROOT_OPS | {GLOBAL_OP}
"""Ops that may be a batch norm, or the core of one."""
IF_OPS = frozenset({"If", "StatelessIf"})
CALL_OPS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
WHILE_OPS = frozenset({"While", "StatelessWhile"})
_CALLING = IF_OPS | CALL_OPS | WHILE_OPS


class Library:
    """The functions of one file, and who calls them."""

    def __init__(self, graphdef: GraphDef) -> None:
        self._graphdef = graphdef
        self._functions = graphdef.functions

    @cached_property
    def calls(self) -> frozenset[str]:
        """Names of the ops of this file that call functions of its library.

        Whether an op does follows from its attributes; all nodes of one op have the same ones, so one node is
        asked.
        """
        calling = {
            op
            for op, nodedef in self._first_of_each_op().items()
            if any(True for value in nodedef.attributes.values() for _ in _references(value))
        }
        return frozenset(calling.union(self._functions))

    def _first_of_each_op(self) -> dict[str, NodeDef]:
        return {nodedef.op: nodedef for nodedef in reversed([*self._all_nodes()])}

    @cached_property
    def candidates(self) -> frozenset[str]:
        """Names of the functions that hold, or call one that holds, an op that batch norm is made of, or that
        are branches of an If: such a branch may only hand its statistics back. One that is called and not in
        the file may hold anything.
        """
        if not self.calls:
            return frozenset()
        callers: dict[str, set[str]] = {}
        found = [
            target.name
            for nodedef in self._all_nodes()
            if nodedef.op in _CALLING
            for target in self.targets(nodedef)
            if nodedef.op in IF_OPS or target.name not in self._functions
        ]
        for function in self._functions.values():
            ops = {nodedef.op for nodedef in function.nodes}
            if ops & CANDIDATES or ops >= POWER_OPS:
                found.append(function.name)
            for nodedef in function.nodes:
                if nodedef.op in self.calls:
                    for target in self.targets(nodedef):
                        callers.setdefault(target.name, set()).add(function.name)
        return frozenset(reach(found, lambda name: callers.get(name, ())))

    def targets(self, nodedef: NodeDef) -> list[FunctionRef]:
        """The functions a node calls, in the order of its attributes; of an If the then branch first."""
        if nodedef.op in self._functions:
            return [FunctionRef(nodedef.op, nodedef.attributes)]
        return [ref for value in nodedef.attributes.values() for ref in _references(value)]

    def _all_nodes(self) -> Iterator[NodeDef]:
        return chain(self._graphdef.nodes, *(function.nodes for function in self._functions.values()))


def calls(node: NodeDef, functions: Mapping[str, FunctionDef]) -> set[str]:
    """Names of the functions that a node can run: its op, and every one that its attributes name at any depth
    (the attributes of a function given to another one name functions, too).
    """
    named = {name for value in node.attributes.values() for name in _named(value)}
    return {name for name in named | {node.op} if name in functions}


def called(nodes: Iterable[NodeDef], functions: Mapping[str, FunctionDef]) -> dict[str, FunctionDef]:
    """The functions that these nodes call, and those that they call in turn, in the order of the library."""

    def by(some: Iterable[NodeDef]) -> Iterator[str]:
        return (name for node in some for name in calls(node, functions))

    wanted = set(reach(by(nodes if functions else ()), lambda name: by(functions[name].nodes)))
    return {name: function for name, function in functions.items() if name in wanted}


def _references(value: Any) -> Iterator[FunctionRef]:
    """The functions an attribute value gives the node to call."""
    if isinstance(value, FunctionRef):
        yield value
    elif isinstance(value, tuple):
        yield from (part for part in value if isinstance(part, FunctionRef))


def _named(value: Any) -> Iterator[str]:
    """Names of functions in an attribute's value, in its lists, and in the attributes of those functions."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, FunctionRef):
            yield part.name
            stack.extend(part.attributes.values())
        elif isinstance(part, tuple):
            stack.extend(part)
