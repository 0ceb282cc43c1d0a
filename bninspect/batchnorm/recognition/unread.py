"""Batch norm that the file holds and that is not read: what TensorFlow makes of one while it runs, 8-bit ops,
ops of other hardware, and programs that were compiled from a graph. It is said, for such a model is not one
without batch norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Unrecognised
from bninspect.graph.functions.library import (
    FUSED_CONVOLUTIONS,
    IPU_OPS,
    QUANTIZED_OP,
    REWRITTEN_OPS,
    UNREAD_OPS,
    calls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graph import Graph, Node

_LOADED = "save the graph that was loaded, and not the one that ran"
_REWRITTEN = "is a batch norm as TensorFlow rewrites it for oneDNN while it runs"
_FUSED = "holds a batch norm as TensorFlow fuses it into a convolution while it runs"
_QUANTIZED = "is a batch norm of 8-bit numbers"
_IPU = "is a batch norm as Graphcore's TensorFlow writes it for an IPU"
_COMPILED = "runs a compiled program, and a batch norm in it is not seen"
_BEFORE = {
    QUANTIZED_OP: "inspect the model as it was before it was quantized",
    "XlaCallModule": "export the model in inference mode (use_running_average=True in Flax, "
    "is_training=False in Haiku, model.eval() in PyTorch)",
    "TRTEngineOp": "inspect the model that was given to TF-TRT (input_saved_model_dir)",
    "NeuronOp": "inspect the model that was given to the compiler (tfn.saved_model.compile or tfn.trace)",
    "NGraphEncapsulate": "inspect the model as it was before nGraph rewrote it",
    "_nGraphEncapsulate": "inspect the model as it was before nGraph rewrote it",
    **dict.fromkeys(IPU_OPS, "build the graph outside of an IPU scope, and freeze it again"),
    "RemoteFusedGraphExecute": "inspect the model as it was before it was fused for the Hexagon DSP",
}
"""Op -> what shows the batch norm that it hides; of every other one, what TensorFlow loaded: it writes those
itself while it runs a graph.
"""
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
    elif node.op in IPU_OPS:
        reason = _IPU
    elif (
        node.op != _CALLING_BACK
        and node.nodedef is not None
        and calls(node.nodedef, graph.graphdef.functions)
    ):
        return
    yield Unrecognised(node=node.label, reason=f"{node.op} {reason}", remedy=instead_of(node.op))


def instead_of(op: str) -> str | None:
    """What to inspect instead of a graph with this op of `UNREAD_OPS`; None for any other op."""
    return _BEFORE.get(op, _LOADED) if op in UNREAD_OPS else None
