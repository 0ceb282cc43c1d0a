"""Variables -> constants: what reads a variable, by its reference or by its handle, reads the constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.graph.ops import VARIABLES, mutates
from bninspect.graph.search import dependencies, reach, rings
from bninspect.graph.trace import same
from bninspect.rewrite.folded.quantization import hold_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graph import Graph, Node, Tensor
    from bninspect.rewrite.edits import Edits

_HANDED_ON = frozenset({"Identity", "Switch", "Enter", "Exit", "NextIteration", "Merge"})
"""Ops that hand a variable on, to be read later."""
_BY_REFERENCE = {
    "RefIdentity": "Identity", "RefSwitch": "Switch", "RefEnter": "Enter", "RefExit": "Exit",
    "RefNextIteration": "NextIteration", "RefMerge": "Merge",
}  # fmt: skip
"""Ops on a reference to a variable, and the same on its value."""
_KEPT = ("T", "N", "frame_name", "is_constant", "parallel_iterations")
HANDLES = (
    "VarHandleOp", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape",
    "VarIsInitializedOp",
)  # fmt: skip
"""Ops on the handle of a variable that are known here."""


def variables_to_constants(edits: Edits) -> dict[Node, str]:
    """Every variable with a value becomes a Const. Returns what reads one that a Const cannot stand for
    there, with the variable's name and the reason.
    """
    blocked: dict[Node, str] = {}
    changes = _Changes(edits.graph)
    for node in edits.graph:
        if node.op not in VARIABLES or node.stored is None:
            continue
        value = node.stored
        edits.replace(node, "Const", (), dtype=value.dtype, value=value)
        if node.op == "VarHandleOp":
            _read_by_handle(edits, node, value.dtype, changes, blocked)
        else:
            _read_by_reference(edits, node, value.dtype, changes, blocked)
    return blocked


def _read_by_reference(
    edits: Edits, variable: Node, dtype: str, changes: _Changes, blocked: dict[Node, str]
) -> None:
    """What works on a reference works on the value."""

    def handed_on(node: Node) -> Iterator[Node]:
        for reader, _ in edits.graph.uses(node):
            if (changed := changes.before(reader, variable)) is not None:
                blocked[reader] = _too_late(variable, changed)
            elif reader.op == "IsVariableInitialized":
                edits.replace(reader, "Const", (), dtype="bool", value=np.array(True))
            elif reader.op in _BY_REFERENCE:
                yield reader

    for node in reach([variable], handed_on):
        if node is not variable:
            _hand_on(edits, node, _BY_REFERENCE[node.op], dtype)


def _read_by_handle(
    edits: Edits, variable: Node, dtype: str, changes: _Changes, blocked: dict[Node, str]
) -> None:
    """A read is the value; what hands the handle on hands on the value."""

    def handed_on(node: Node) -> Iterator[Node]:
        return (use.node for use in edits.graph.uses(node) if use.node.op in _HANDED_ON)

    for node in reach([variable], handed_on):
        if node is not variable:
            _hand_on(edits, node, node.op, dtype)
        for reader, slot in edits.graph.uses(node):
            if reader.op not in _HANDED_ON:
                reason = _read_or_reason(edits, variable, reader, reader.inputs[slot], dtype, changes)
                if reason is not None:
                    blocked[reader] = reason


def _read_or_reason(
    edits: Edits, variable: Node, reader: Node, handle: Tensor, dtype: str, changes: _Changes
) -> str | None:
    """Makes an op on the handle of a variable read its value; the reason where it cannot."""
    if (changed := changes.before(reader, variable)) is not None:
        held = reader.op == "ReadVariableOp" and hold_read(edits, reader, handle, changed, dtype)
        return None if held else _too_late(variable, changed)
    if reader.op not in HANDLES:
        return f"{variable.label} in a way that cannot be frozen: freeze the model with TensorFlow first"
    _read(edits, reader, handle, dtype)
    return None


def _hand_on(edits: Edits, node: Node, op: str, dtype: str) -> None:
    """Makes a node that hands a variable on hand on its value. It is written anew, for what training graphs
    note of it (`_output_shapes`) is the shape of a handle.
    """
    attributes = {name: node.attr(name) for name in _KEPT if node.attr(name) is not None}
    edits.replace(node, op, node.inputs, **{**attributes, "T": dtype})


def _read(edits: Edits, reader: Node, handle: Tensor, dtype: str) -> None:
    """Makes an op that reads a variable, one of HANDLES, read a value instead."""
    if reader.op == "ReadVariableOp":
        edits.redirect(reader.output(), handle)
    elif reader.op == "VarIsInitializedOp":
        edits.replace(reader, "Const", (), dtype="bool", value=np.array(True))
    elif reader.op == "VariableShape":
        out = reader.attr("out_type", "int32")
        edits.replace(reader, "Shape", (handle,), T=dtype, out_type=out)
    elif reader.op == "ResourceGather":
        batch = reader.attr("batch_dims", 0)
        axis = edits.add(f"{reader.name}/axis", "Const", (), dtype="int32", value=np.array(batch, np.int32))
        given, types = (handle, reader.inputs[1], axis), {**_gathered(reader, dtype), "Taxis": "int32"}
        edits.replace(reader, "GatherV2", given, **types, **({"batch_dims": batch} if batch else {}))
    elif reader.op == "ResourceGatherNd":
        edits.replace(reader, "GatherNd", (handle, reader.inputs[1]), **_gathered(reader, dtype))


def _gathered(reader: Node, dtype: str) -> dict[str, Any]:
    """The types of a gather."""
    return {"Tparams": dtype, "Tindices": reader.attr("Tindices", "int32")}


class _Changes:
    """What changes variables before a node runs: asked for many readers, each node is looked at once."""

    def __init__(self, graph: Graph) -> None:
        changing = [node for node in graph if mutates(node.op) and node.inputs]
        self._bits = {node: 1 << number for number, node in enumerate(changing)}
        self._of: dict[Node, int] = {}
        """Variable -> its own changes, a bit each."""
        for node in changing:
            variable = same(node.inputs[0]).node
            self._of[variable] = self._of.get(variable, 0) | self._bits[node]
        self._behind: dict[Node, int] = {}
        """Node -> the changes that it is, or waits for; the same for all nodes of a ring."""

    def before(self, reader: Node, variable: Node) -> Node | None:
        """The first change of the variable, in file order, that the reader waits for; None without any."""
        own = self._of.get(variable, 0)
        waited = reader.controls if own else ()
        for ring in rings((one for one in waited if one not in self._behind), self._unknown):
            found = 0
            for node in ring:
                found |= self._bits.get(node, 0)
                for one in dependencies(node):
                    found |= self._behind.get(one, 0)
            self._behind.update(dict.fromkeys(ring, found))
        met = 0
        for control in waited:
            met |= self._behind[control]
        met &= own
        return next(one for one, bit in self._bits.items() if bit & met) if met else None

    def _unknown(self, node: Node) -> Iterator[Node]:
        return (one for one in dependencies(node) if one not in self._behind)


def _too_late(variable: Node, changed: Node) -> str:
    return (
        f"{variable.label} after {changed.op} {changed.label} changed it, so that it is no constant: name "
        "outputs that do without it (--output)"
    )
