"""Records as lines, a node each: `name = Op(inputs) attributes`, constants with their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.graphdef import TensorValue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.graphdef import GraphDef, NodeDef

_MOST_VALUES = 8
"""Of a longer constant its shape is listed, and the sum of its values."""


def listed(graphdef: GraphDef) -> list[str]:
    """All nodes in the order of the file."""
    return [line(node) for node in graphdef.nodes]


def changed(after: GraphDef, before: GraphDef) -> list[str]:
    """What a rewriting changed: nodes that are new or read or compute otherwise; and how many are gone."""
    known = set(listed(before))
    lines = [text for text in listed(after) if text not in known]
    names = {node.name for node in after.nodes}
    gone = sum(node.name not in names for node in before.nodes)
    return [*lines, f"{len(after.nodes)} nodes, {gone} of {len(before.nodes)} gone"]


def line(node: NodeDef) -> str:
    """One node; attributes by name, less those that only note a shape."""
    attributes = {key: node.attr(key) for key in sorted(node.attributes) if not key.startswith("_")}
    words = [f"{key}={_value(value)}" for key, value in attributes.items() if value is not None]
    return " ".join([f"{node.name} = {node.op}({', '.join(node.inputs)})", *words])


def _value(value: Any) -> str:
    if isinstance(value, TensorValue):
        return f"{value.dtype}{_numbers(value.array())}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return str(value)


def _numbers(array: NDArray[Any]) -> str:
    if array.dtype.kind in "fV":  # V: bfloat16
        array = np.round(array.astype(np.float64), 5)
    if array.size <= _MOST_VALUES:
        return str(array.tolist())
    return f"{list(array.shape)}" + ("" if array.dtype.kind == "O" else f" of sum {array.sum():.4g}")
