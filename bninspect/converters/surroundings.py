"""What else of a model a converter meets: ops that it does not take, functions, updates of constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import IDENTITIES, PLACEHOLDERS, SWITCHES
from bninspect.graph.search import upstream
from bninspect.graph.trace import declared_shape, same
from bninspect.graph.updates import updates_of_constants
from bninspect.graphdef.records import FunctionRef

if TYPE_CHECKING:
    from collections.abc import Collection

    from bninspect.batchnorm import Report
    from bninspect.graph import Graph, Node

LOOPS = frozenset({"NextIteration", "LoopCond"})
_LAST_GLOBAL = 8
"""The last GraphDef version with BatchNormWithGlobalNormalization."""


@frozen_dataclass
class Surroundings:
    """The model around its layers."""

    ops: frozenset[str]
    """Those that the outputs need, calls of functions written out."""
    in_file: frozenset[str]
    """Those of the whole file, needed or not."""
    functions: frozenset[str]
    """Ops in the functions of the file; empty if it calls none."""
    calls: frozenset[str]
    """Ops of the file that call functions."""
    updates_constants: bool
    """Whether it changes variables that freezing made constants."""
    has_lost_colocation: bool
    """Whether a node is placed with one that is gone."""
    reads_batch_moments: bool
    """Whether something needed reads the batch mean or variance that a fused op gives besides."""
    has_scalar_input: bool
    """Whether a placeholder of no axes is needed."""
    has_half_input: bool
    """Whether a placeholder is needed that holds float16."""
    quantizes_narrowly: bool
    """Whether FakeQuant with narrow_range is needed."""
    has_unranked_input: bool
    """Whether a placeholder is needed that states no shape, and that more than a Switch reads: from a Switch
    its shape is known.
    """
    outputs: frozenset[Node]
    """The nodes that give the model's outputs."""
    is_refused_global: bool
    """Whether it has BatchNormWithGlobalNormalization in a version of GraphDef that has not."""

    @property
    def has_loop(self) -> bool:
        """Whether a loop is needed."""
        return bool(self.ops & LOOPS)


def surroundings(report: Report) -> Surroundings:
    """Of the model of this report."""
    graph = report.graph
    needed = upstream(tensor.node for tensor in report.outputs)
    ops = frozenset(node.op for node in needed)
    places = [node for node in needed if node.op in PLACEHOLDERS]
    shapes = [declared_shape(node) for node in places]
    is_global = "BatchNormWithGlobalNormalization" in ops
    return Surroundings(
        ops=ops,
        in_file=frozenset(record.op for record in graph.graphdef.nodes),
        functions=frozenset(
            record.op for function in graph.graphdef.functions.values() for record in function.nodes
        ),
        calls=_calls(graph),
        updates_constants=next(updates_of_constants(graph), None) is not None,
        has_lost_colocation=any(_is_lost(node, graph) for node in graph),
        reads_batch_moments=any(
            tensor.port and tensor.node.op.startswith("FusedBatchNorm")
            for node in needed
            for tensor in node.inputs
        ),
        has_scalar_input=() in shapes,
        has_half_input=any(node.attr("dtype") == "half" for node in places),
        quantizes_narrowly=any(
            node.op.startswith("FakeQuant") and bool(node.attr("narrow_range")) for node in needed
        ),
        has_unranked_input=any(
            shape is None and not _only_switches(node, needed)
            for node, shape in zip(places, shapes, strict=True)
        ),
        outputs=frozenset(tensor.node for tensor in report.outputs),
        is_refused_global=is_global and (graph.graphdef.producer or 0) > _LAST_GLOBAL,
    )


def _only_switches(place: Node, needed: Collection[Node]) -> bool:
    """Whether nothing but Switches read it, through Identity or not."""
    readers = (node for node in needed if any(same(tensor).node is place for tensor in node.inputs))
    return all(node.op in SWITCHES or node.op in IDENTITIES for node in readers)


def _calls(graph: Graph) -> frozenset[str]:
    """Ops with an attribute that names a function; to look at all attributes of a large graph costs time."""
    if not graph.graphdef.functions:
        return frozenset()
    return frozenset(
        record.op
        for record in graph.graphdef.nodes
        if any(isinstance(value, FunctionRef) for value in record.attributes.values())
    )


def _is_lost(node: Node, graph: Graph) -> bool:
    places = node.attr("_class")
    if not isinstance(places, tuple) or node.functions:
        return False
    names = [place.partition(b"@")[2].decode() for place in places if isinstance(place, bytes)]
    return any(name and name not in graph for name in names)
