"""Nodes that measure inside the graph: what leaves TensorFlow of a layer is a row of numbers per channel.

    gap: max |i - t|, sum (i - t)^2 and sum t^2, of one layer's output t in training and i in inference mode

in float32 (float64 where the layer computes in it); the sums are the L2Loss op's, which holds half of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.errors import RewriteError
from bninspect.graph.types import given_type
from bninspect.graphdef.dtypes import NARROW
from bninspect.graphdef.writer import new_node
from bninspect.rewrite import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.site import Site
    from bninspect.graphdef import NodeDef

_GAPS = "bninspect_gap"


class GapNames(NamedTuple):
    """Where the parts of a gap are fetched."""

    highest: str
    """max (i - t)."""
    lowest: str
    """min (i - t)."""
    squares: str
    """Half of sum (i - t)^2."""
    norm: str
    """Half of sum t^2."""
    size: str
    """How many values t has."""

    @classmethod
    def under(cls, scope: str) -> GapNames:
        """The names of a gap whose nodes stand in this scope."""
        return cls(*(f"{scope}/{name}:0" for name in cls._fields))


def gap_nodes(scope: str, training: str, inference: str, dtype: str) -> list[NodeDef]:
    """The nodes of one gap, between two tensors (`op:0`) of this dtype and of one shape."""
    nodes: list[NodeDef] = []

    def op(name: str, kind: str, inputs: tuple[str, ...], **attributes: object) -> str:
        nodes.append(
            new_node(
                f"{scope}/{name}", kind, tuple(text.removesuffix(":0") for text in inputs), dict(attributes)
            )
        )
        return f"{scope}/{name}"

    wide = "float" if dtype in NARROW else dtype
    t, i = training, inference
    if wide != dtype:
        t = op("t", "Cast", (t,), SrcT=dtype, DstT=wide)
        i = op("i", "Cast", (i,), SrcT=dtype, DstT=wide)
    anchor = f"^{training.partition(':')[0]}"
    flat = op("flat", "Const", (anchor,), dtype="int32", value=np.array([-1], np.int32))
    axis = op("axis", "Const", (anchor,), dtype="int32", value=np.array([0], np.int32))
    apart = op("apart", "Sub", (i, t), T=wide)
    row = op("row", "Reshape", (apart, flat), T=wide, Tshape="int32")
    op("highest", "Max", (row, axis), T=wide, Tidx="int32", keep_dims=False)
    op("lowest", "Min", (row, axis), T=wide, Tidx="int32", keep_dims=False)
    op("squares", "L2Loss", (apart,), T=wide)
    op("norm", "L2Loss", (t,), T=wide)
    op("size", "Size", (t,), T=wide, out_type="int64")
    return nodes


def gaps_of(
    layers: Sequence[BatchNorm], place: Callable[[Mode, BatchNorm], str]
) -> tuple[dict[str, GapNames], list[NodeDef]]:
    """Where the gap of each layer is fetched, and the nodes that take it."""
    names: dict[str, GapNames] = {}
    nodes: list[NodeDef] = []
    for number, layer in enumerate(layers):
        training, inference = place(Mode.TRAINING, layer), place(Mode.INFERENCE, layer)
        try:
            dtype = dtype_at(layer)
        except RewriteError:
            continue
        scope = f"{_GAPS}/{number}"
        nodes += gap_nodes(scope, training, inference, dtype)
        names[layer.name] = GapNames.under(scope)
    return names, nodes


def x_dtype(site: Site) -> str:
    """The dtype of what a site normalizes. Raises RewriteError where nothing tells."""
    stated = site.node.attr("T")
    return stated if isinstance(stated, str) else dtype_of(site.x)


def dtype_at(layer: BatchNorm) -> str:
    """The dtype of a layer's output. Raises RewriteError where nothing tells."""
    given = given_type(layer.output.node, layer.output.port)
    if given is not None:
        return given
    for branch in (layer.training, layer.inference, layer.untaken):
        if branch is not None:
            return x_dtype(branch.site)
    return dtype_of(layer.output)
