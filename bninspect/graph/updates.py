"""Updates of constants: ops on a variable that freezing made a constant. TensorFlow refuses such a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.ops import mutates
from bninspect.graph.trace import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graph.graph import Graph, Node, Tensor

_HAND_ON = frozenset({"RefSwitch", "RefEnter", "RefIdentity", "RefMerge", "RefNextIteration", "RefExit"})
_READ = frozenset({"ReadVariableOp", "VarIsInitializedOp", "IsVariableInitialized"})


def updates_of_constants(graph: Graph) -> Iterator[tuple[Node, Tensor]]:
    """Each op that takes a variable and is given a constant, with that constant, in graph order."""
    for node in graph:
        if (mutates(node.op) or node.op in _HAND_ON | _READ) and node.inputs:
            target = same(node.inputs[0])
            if target.node.op == "Const":
                yield node, target
