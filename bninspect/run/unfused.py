"""_FusedBatchNormEx written out as the public ops that it stands for, so that any TensorFlow runs it.

    y = activation(batch norm(x) + side input), both optional

TensorFlow's graph optimizer makes the op, for the kernels of cuDNN or oneDNN alone: elsewhere it has no
kernel, or one that gives nothing. A file holds it where the graph was saved after optimization.

Source: tensorflow/core/grappler/optimizers/remapper.cc; REGISTER_OP("_FusedBatchNormEx") in
core/ops/nn_ops.cc.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bninspect.graphdef.writer import free_name, rewritten

if TYPE_CHECKING:
    from collections.abc import Collection

    from bninspect.graphdef import GraphDef, NodeDef

INTERNAL = "_FusedBatchNormEx"
OWN_INPUTS = 5
"""x, scale, offset, mean, variance; then the side input, then control inputs."""
_NORMALIZED = "normalized"
_KEPT = ("T", "U", "epsilon", "exponential_avg_factor", "data_format", "is_training")
"""Attributes that FusedBatchNormV3 has as well, with the same defaults."""


def unfused(graphdef: GraphDef) -> GraphDef:
    """The records with FusedBatchNormV3, AddV2 and Relu for every such op at the top level; the same records
    where there is none.

    Output 0 keeps its name; the statistics, outputs 1 to 5, are those of a node before it.
    """
    names = {node.name for node in graphdef.nodes}
    apart = {
        node.name: free_name(f"{node.name}/{_NORMALIZED}", names.__contains__)
        for node in graphdef.nodes
        if node.op == INTERNAL
    }
    if not apart:
        return graphdef
    moved = {f"{name}:{port}": f"{new}:{port}" for name, new in apart.items() for port in range(1, 6)}
    nodes: list[NodeDef] = []
    for node in graphdef.nodes:
        inputs = tuple(moved.get(text, text) for text in node.inputs)
        if node.name in apart:
            nodes += _written_out(node, inputs, apart[node.name], names)
        else:
            nodes.append(rewritten(node, name=node.name, inputs=inputs))
    return replace(graphdef, nodes=tuple(nodes))


def _written_out(node: NodeDef, inputs: tuple[str, ...], name: str, names: Collection[str]) -> list[NodeDef]:
    """The batch norm under the new name; what follows it, the last under the name of the node."""
    data = [text for text in inputs if not text.startswith("^")]
    controls = tuple(text for text in inputs if text.startswith("^"))
    own = (*data[:OWN_INPUTS], *controls)
    nodes = [_in_place_of(node, name, "FusedBatchNormV3", own, _KEPT)]
    relu = node.attr("activation_mode", b"Identity") == b"Relu"
    side = data[OWN_INPUTS : OWN_INPUTS + 1]
    if side:
        total = free_name(f"{node.name}/sum", names.__contains__) if relu else node.name
        nodes.append(_in_place_of(node, total, "AddV2", (name, *side), ("T",)))
        name = total
    if name != node.name:
        nodes.append(_in_place_of(node, node.name, "Relu" if relu else "Identity", (name,), ("T",)))
    return nodes


def _in_place_of(
    node: NodeDef, name: str, op: str, inputs: tuple[str, ...], kept: tuple[str, ...]
) -> NodeDef:
    """A node that does a part of the node's work, with these attributes of it."""
    types: dict[str, Any] = {key: "float" for key in ("T", "U") if key in kept and key not in node.attributes}
    others = frozenset(node.attributes) - frozenset(kept)
    return rewritten(node, name=name, op=op, inputs=inputs, attributes=types, without=others)
