"""The nearest weights that a tensor is made with: what feeds a batch norm, and learns beside it.

Walked by edges, back from the tensor: a convolution, or a product with a matrix, ends the way, since what
stands before it made its input; so does another batch norm, with its gamma and beta. Biases and scales on
the way are weights, too; statistics are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.ops import ASSIGNS, VARIABLES
from bninspect.graph.search import producers, reach
from bninspect.graph.trace import content, shape_of, value
from bninspect.graphdef.dtypes import FLOATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.graph import Node, Tensor

_KERNEL_SECOND = frozenset({
    "Conv2D", "Conv3D", "DepthwiseConv2dNative", "FusedConv2D", "_FusedConv2D", "Conv2DBackpropInput",
    "Conv3DBackpropInputV2",
})  # fmt: skip
"""Ops whose second input is the kernel, whatever is done to it first (fake quantization, a spectral norm)."""
_PRODUCTS = frozenset({"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"})
"""Ops either input of which may be the weights."""
_MOST_NODES = 500
_TOO_MANY = 51
"""So many nodes, or more, are no making of weights of what is stored."""


class Upstream:
    """The weights before the layers of one graph."""

    def __init__(self, layers: Sequence[BatchNorm]) -> None:
        kept = [tensor for layer in layers for tensor in (layer.moving_mean, layer.moving_variance)]
        self._statistics = frozenset(tensor.node for tensor in kept if tensor is not None)
        self._learned = {
            layer.output.node: [tensor.node for tensor in (layer.gamma, layer.beta) if tensor is not None]
            for layer in layers
        }

    def weights(self, x: Tensor) -> tuple[Node, ...]:
        """The variables and constants that keep the nearest weights of x, nearest first, in the order of the
        inputs; none where x is made with none, as an image is.
        """
        found: dict[Node, None] = {}

        def onward(current: Node) -> list[Node]:
            if current in self._learned:
                found.update(dict.fromkeys(self._learned[current]))
                return []
            kept = {tensor: _kept(tensor) for tensor in _followed(current)}
            own = [node for node in kept.values() if node is not None and node not in self._statistics]
            found.update(dict.fromkeys(own))
            if any(len(shape_of(node) or ()) > 1 for node in own):
                return []
            return [tensor.node for tensor, node in kept.items() if node is None]

        for _ in reach([x.node], onward, _MOST_NODES):
            pass
        return tuple(found)


def _followed(node: Node) -> Sequence[Tensor]:
    """The inputs that may lead to weights."""
    if node.op in _KERNEL_SECOND or node.op in ASSIGNS:
        return node.inputs[1:2]
    if node.op in _PRODUCTS:
        return [tensor for tensor in node.inputs if _is_stored(tensor.node)] or node.inputs
    return node.inputs


def _is_stored(node: Node) -> bool:
    """Whether a node is computed from variables and constants alone (of weights made binary, scaled)."""
    made_of = list(reach([node], producers, _TOO_MANY))
    return len(made_of) < _TOO_MANY and all(
        one.inputs or one.op in VARIABLES or one.op == "Const" for one in made_of
    )


def _kept(tensor: Tensor) -> Node | None:
    """The variable or constant with real numbers that a tensor is read from; None for any other tensor."""
    node = value(tensor).node
    if node.op in VARIABLES:
        return node if str(node.attr("dtype", "float")).removesuffix("_ref") in FLOATS else None
    held = content(node)
    return node if held is not None and held.size > 1 and held.dtype in FLOATS else None
