"""A branch into which a layer was folded: x * scale + offset, or other weights, in place of inference mode.

Tools that fold constants (TransformGraph, grappler) make two vectors of mean, variance, gamma and beta where
they are stored, and may put the first into the weights that x is made with. What is left says which mode it
is, and not what was folded into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.recognition.algebra import ADDS, DIVISIONS
from bninspect.batchnorm.recognition.variance import is_parameter
from bninspect.batchnorm.site import Site, Stored
from bninspect.graph.trace import cast_free, is_scalar, same

if TYPE_CHECKING:
    from bninspect.graph import Node, Tensor

_MOST_STEPS = 6
_WEIGHTED = frozenset({"Conv2D", "DepthwiseConv2dNative", "Conv3D", "MatMul"})


def folded_into(output: Tensor, training: Site) -> Site | None:
    """The inference mode of a layer known by its training mode: where `output` is an affine function of x, or
    of the input of the convolution or product that x is made with. None where it is neither.
    """
    current, scaled = same(output), False
    for _ in range(_MOST_STEPS):
        if cast_free(current) == cast_free(training.x):
            break
        if _is_made_alike(current.node, training.x):
            return _site(same(output), training)
        node = current.node
        free = [tensor for tensor in node.inputs if not (is_parameter(tensor) or is_scalar(tensor))]
        known = ADDS | DIVISIONS | {"Mul", "Sub"}
        if node.op not in known or len(free) != 1 or (node.op in DIVISIONS and free[0] != node.inputs[0]):
            return None
        scaled = scaled or (node.op in DIVISIONS | {"Mul"} and any(map(is_parameter, node.inputs)))
        current = same(free[0])
    if not scaled or cast_free(current) != cast_free(training.x):
        return None
    return _site(same(output), training)


def _is_made_alike(node: Node, x: Tensor) -> bool:
    """Whether the node makes of one input, with weights of its own, what x is made of."""
    maker = same(x).node
    for _ in range(_MOST_STEPS):
        stored = [tensor for tensor in maker.inputs[1:] if is_parameter(tensor)]
        if maker.op not in ADDS or len(stored) != len(maker.inputs) - 1:
            break
        maker = same(maker.inputs[0]).node
    return (
        maker.op in _WEIGHTED
        and node.op == maker.op
        and node is not maker
        and same(node.inputs[0]) == same(maker.inputs[0])
        and is_parameter(node.inputs[1])
    )


def _site(output: Tensor, training: Site) -> Site:
    """The inference mode, of which nothing but its output is known."""
    stored = Stored(node=output.node, source=None)
    return Site(
        form=Form.DECOMPOSED,
        op=output.node.op,
        node=output.node,
        mode=Mode.INFERENCE,
        x=training.x,
        gamma=None,
        beta=None,
        mean=output,
        variance=output,
        mean_origin=stored,
        variance_origin=stored,
        epsilon=None,
        output=output,
        data_format=training.data_format,
        folded=True,
    )
