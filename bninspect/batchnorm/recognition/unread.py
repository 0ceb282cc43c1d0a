"""Batch norm that the file holds and that is not read: what TensorFlow makes of one while it runs, 8-bit ops,
and programs that were compiled from a graph. It is said, for such a model is not one without batch norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Unrecognised
from bninspect.graph.functions.library import FUSED_CONVOLUTIONS, QUANTIZED_OP, REWRITTEN_OPS, calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graph import Graph, Node

_LOADED = "save the graph that was loaded, and not the one that ran"
_REWRITTEN = f"is a batch norm as TensorFlow rewrites it for oneDNN while it runs: {_LOADED}"
_FUSED = f"holds a batch norm as TensorFlow fuses it into a convolution while it runs: {_LOADED}"
_QUANTIZED = "is a batch norm of 8-bit numbers: inspect the model as it was before it was quantized"
_COMPILED = (
    "runs a compiled program, and a batch norm in it is not seen: inspect the model as it was before it was "
    "compiled"
)
_CALLING_BACK = "XlaCallModule"
"""Its functions are those that its program calls, and the program is none of them."""


def unread(node: Node, graph: Graph) -> Iterator[Unrecognised]:
    """What is to be said of a node of `UNREAD_OPS`: nothing of a convolution that no batch norm was fused
    into, nor of a compiled function that stands in the library, too.
    """
    reason = _COMPILED
    if node.op in FUSED_CONVOLUTIONS:
        followed_by = node.attr("fused_ops")
        if not isinstance(followed_by, tuple) or b"FusedBatchNorm" not in followed_by:
            return
        reason = _FUSED
    elif node.op in REWRITTEN_OPS:
        reason = _REWRITTEN
    elif node.op == QUANTIZED_OP:
        reason = _QUANTIZED
    elif (
        node.op != _CALLING_BACK
        and node.nodedef is not None
        and calls(node.nodedef, graph.graphdef.functions)
    ):
        return
    yield Unrecognised(node=node.label, reason=f"{node.op} {reason}")
