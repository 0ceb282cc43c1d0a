"""Normalizations that are not batch norm: layer, group and instance norm, l2_normalize, root mean square.

What tells them apart is the axes: batch norm takes its moments over the batch axis and keeps the channels
apart. The fused op always does that, so those who borrow it put the batch into the channel axis first
(tf_keras LayerNormalization: x reshaped to [1, batch, size, 1], NCHW).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Lookalike
from bninspect.batchnorm.recognition.formula import difference_of
from bninspect.batchnorm.recognition.moments import data_format_of
from bninspect.batchnorm.recognition.variance import is_squared
from bninspect.batchnorm.site import Undecided
from bninspect.graph.ops import RESHAPES
from bninspect.graph.shapes import rank, target_of
from bninspect.graph.trace import constant, same, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.site import Batch
    from bninspect.graph import Graph, Node, Tensor

_MOST_STEPS = 4
"""How far behind the fused op the scale of a lookalike may stand."""


def of_moments(node: Node, x: Node, *moments: Batch) -> Lookalike | Undecided | None:
    """The lookalike whose moments leave the batch axis out, or take the channels in; None for batch norm.

    Undecided if the axes count from the end of what has no known rank, and leave out one behind the first.
    """
    dimensions = rank(x.output())
    if not over_the_same(dimensions, moments):
        return Lookalike(node=node, kind="other", reason="mean and variance are taken over different axes")
    axes = moments[0].axes
    positive = _positive(axes, dimensions)
    if 0 not in positive:
        if dimensions is None and any(-axis > len(axes) for axis in axes):
            reason = (
                f"its moments are taken over axes {list(axes)} of an x of unknown rank: one may be its batch"
            )
            return Undecided(reason=reason)
        kind = _kind(positive, dimensions, x)
        return Lookalike(
            node=node,
            kind=kind,
            reason=f"its moments are taken over axes {list(axes)}, per image: not over the batch",
        )
    if dimensions is not None and len(positive) >= dimensions > 1:
        return Lookalike(
            node=node,
            kind="other",
            reason=f"its moments are taken over all axes {list(axes)}: one mean for all channels",
        )
    return None


def over_the_same(dimensions: int | None, moments: Sequence[Batch]) -> bool:
    """Whether moments of an x of so many axes are taken over the same ones, from whichever end they count."""
    return len({frozenset(_positive(moment.axes, dimensions)) for moment in moments}) < 2


def _positive(axes: tuple[int, ...], dimensions: int | None) -> set[int]:
    """Axes counted from the front, as far as the rank is known."""
    if dimensions is None:
        return set(axes)
    return {axis + dimensions if axis < 0 else axis for axis in axes}


def _kind(axes: set[int], dimensions: int | None, x: Node) -> str:
    """layer, group or instance norm, by the axes of the moments."""
    if dimensions is None:
        if axes in ({1, 2}, {2, 3}):
            return "instance_norm"
        return "layer_norm"
    others = set(range(1, dimensions)) - axes
    if not others or axes == {dimensions - 1}:
        if others and x.op in RESHAPES:
            return "group_norm"
        return "layer_norm"
    if others in ({1}, {dimensions - 1}):
        return "group_norm" if x.op in RESHAPES and dimensions != 4 else "instance_norm"
    return "group_norm" if x.op in RESHAPES else "other"


def batch_in_channels(node: Node, graph: Graph) -> Lookalike | None:
    """The lookalike that borrows the fused op: x was reshaped to one image whose channels are the images."""
    reshape = same(node.inputs[0]).node
    if reshape.op != "Reshape":
        return None
    sizes = target_of(reshape) or ()
    if len(sizes) != 4 or sizes[0] != 1:
        return None
    channels = sizes[1 if data_format_of(node) == "NCHW" else 3]
    back = [use.node for use in graph.uses(node) if use.node.inputs[use.slot].port == 0]
    is_free, made_up = channels is None or channels <= 0, _made_up(node.inputs[1])
    if not (is_free or made_up):
        return None
    fits_any = is_free and made_up and constant(node.inputs[1]) is None
    if not fits_any and not any(reader.op == "Reshape" for reader in back):
        return None
    kind = _borrowed_kind(node, graph, reshape, sizes)
    return Lookalike(
        node=node,
        kind=kind,
        reason="x is reshaped to one image whose channels hold the batch: each image has its own moments",
    )


def _made_up(gamma: Tensor) -> bool:
    """Whether the scale is no parameter: filled in for the occasion, tiled from one, or all ones."""
    source = value(gamma)
    if source.node.op in ("Fill", "Tile", "OnesLike", "BroadcastTo"):
        return True
    values = constant(gamma)
    return values is not None and values.size > 0 and bool((values == 1).all())


def _borrowed_kind(node: Node, graph: Graph, reshape: Node, sizes: tuple[int | None, ...]) -> str:
    """layer_norm, group_norm or instance_norm: by whether height and width stay apart, the size of the scale
    behind it, and a second Reshape.
    """
    size, width = sizes[2:]
    apart = rank(reshape.inputs[0]) == len(sizes) and (size or 0) > 1 and (width or 0) > 1
    if apart or data_format_of(node) == "NHWC" or value(node.inputs[1]).node.op == "Tile":
        return "instance_norm"
    if same(reshape.inputs[0]).node.op in ("Reshape", "Transpose"):
        return "group_norm"
    length = _scale_length(node, graph)
    if size is not None and length is not None and size > 0 and size != length:
        return "group_norm"
    return "layer_norm"


def _scale_length(node: Node, graph: Graph) -> int | None:
    """The length of the vector the reshaped result is multiplied by; None where there is none."""
    edge = [node.output()]
    for _ in range(_MOST_STEPS):
        ahead: list[Tensor] = []
        for tensor in edge:
            for use in graph.uses_of(tensor):
                if use.node.op == "Mul":
                    factor = constant(use.node.inputs[1 - use.slot])
                    if factor is not None and factor.size > 1:
                        return int(factor.size)
                if use.node.op in RESHAPES or use.node.op in ("Identity", "Mul"):
                    ahead.append(use.node.output())
        edge = ahead
    return None


def square_root_of(root: Node, variance: Tensor) -> Lookalike | None:
    """The lookalike that takes the root of a mean or sum of squares and no mean off x; else None."""
    source = value(variance).node
    inner = [source]
    if source.op in ("Maximum", "Add", "AddV2"):
        inner = [value(tensor).node for tensor in source.inputs]
    for reduction in inner:
        if reduction.op not in ("Sum", "Mean"):
            continue
        squared = same(reduction.inputs[0]).node
        if not is_squared(squared) or squared.op == "SquaredDifference":
            continue
        if reduction.op == "Mean" and difference_of(same(squared.inputs[0]).node) is not None:
            continue
        if reduction.op == "Sum":
            return Lookalike(
                node=root, kind="l2_normalize", reason="x over the root of the sum of its squares"
            )
        return Lookalike(
            node=root,
            kind="other",
            reason="x over its root mean square: no mean is taken off (RMS or pixel norm)",
        )
    return None
