"""Simulated quantization: ops that only round what they are given, and the conditionals that delay them.

`tf.contrib.quantize` puts FakeQuant ops behind weights and activations; with `quant_delay`, each stands in
one branch of a conditional whose other branch hands on the value as it is. For the arithmetic of a
normalization both are what went in. Source: tensorflow/contrib/quantize/python/quantize.py, `_InsertQuantOp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.ops import MERGES
from bninspect.graph.trace import is_loop_variable, same

if TYPE_CHECKING:
    from bninspect.graph import Node, Tensor

FAKE_QUANTS = frozenset(
    {"FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"}
)
"""Ops that round their first input; the others are the range that they round within."""
_MOST_IN_A_ROW = 8


def exact(tensor: Tensor) -> Tensor:
    """The tensor before any FakeQuant, delayed or not, and before what `trace.same` sees through."""
    for _ in range(_MOST_IN_A_ROW):
        tensor = same(tensor)
        if tensor.node.op in FAKE_QUANTS:
            tensor = tensor.node.inputs[0]
        elif (delayed := delayed_from(tensor.node)) is not None and tensor.port == 0:
            tensor = delayed
        else:
            break
    return tensor


def delayed_from(merge: Node) -> Tensor | None:
    """What a Merge hands on, rounded or not, where that is all its conditional decides; else None."""
    if merge.op not in MERGES or len(merge.inputs) != 2 or is_loop_variable(merge):
        return None
    sides = [same(tensor) for tensor in merge.inputs]
    rounded = [side for side in sides if side.node.op in FAKE_QUANTS]
    before = {same(side.node.inputs[0]) if side in rounded else side for side in sides}
    return before.pop() if rounded and len(before) == 1 else None
