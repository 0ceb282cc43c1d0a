"""A model whose variables are outside the file, frozen with seeded values: a real graph, made-up numbers."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.graph.ops import VARIABLES
from bninspect.graphdef import read, writer
from bninspect.graphdef.writer import new_node

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.graphdef import NodeDef

_DTYPES = {"float": np.float32, "int32": np.int32, "int64": np.int64, "bool": np.bool_}


def freeze(source: Path, target: Path) -> None:
    """Writes the graph of `source` with a constant in place of every variable."""
    graphdef = read(str(source))
    held = {node.name for node in graphdef.nodes if node.op in VARIABLES}
    nodes = tuple(_frozen(node, held) for node in graphdef.nodes)
    plain = replace(graphdef, nodes=nodes, format="graphdef", signatures=(), collections={})
    writer.write(plain, target)


def _frozen(node: NodeDef, held: set[str]) -> NodeDef:
    """The node; a constant for a variable (of those names), an Identity for what reads one."""
    dtype = str(node.attr("dtype", "float")).removesuffix("_ref")
    if node.op == "ReadVariableOp":
        return new_node(node.name, "Identity", node.inputs, {"T": dtype})
    if node.op == "ResourceGather":
        types = {"Tparams": dtype, "Tindices": str(node.attr("Tindices"))}
        return new_node(node.name, "Gather", node.inputs, types)
    if node.op == "Switch" and node.inputs[0] in held:  # on the way to a read inside a conditional
        return new_node(node.name, "Switch", node.inputs, {"T": "float"})
    if node.op not in VARIABLES:
        return node
    shape = tuple(node.attr("shape") or ())
    value = _values(node.name, shape, _DTYPES[dtype])
    return new_node(node.name, "Const", (), {"dtype": dtype, "value": value})


def _values(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Kernels that keep the size of what they get; all else about 1, as a variance has to be positive."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    if np.dtype(dtype).kind != "f":
        return np.zeros(shape, dtype)
    if len(shape) > 1:
        fan_in = np.prod(shape[:-1])
        return np.resize(generator.standard_normal(9973) / np.sqrt(fan_in), shape).astype(dtype)
    return generator.uniform(0.5, 1.5, shape).astype(dtype)
