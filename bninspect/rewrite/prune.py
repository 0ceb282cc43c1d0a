"""Graph and edits -> GraphDef: only what the wanted tensors depend on, written for the top level."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from math import inf
from typing import TYPE_CHECKING

from bninspect.errors import RewriteError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.functions.library import called
from bninspect.graph.ops import mutates
from bninspect.graph.search import reach
from bninspect.graph.types import given_type
from bninspect.graphdef.writer import new_node, rewritten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bninspect.graph import Node, Tensor
    from bninspect.graphdef import GraphDef, NodeDef
    from bninspect.rewrite.edits import Edits


@frozen_dataclass
class Pruned:
    """A graph of its own, and where the wanted tensors are in it."""

    graphdef: GraphDef
    names: Mapping[Tensor, str]
    """Tensor of the original -> its name in the new graph (`op:0`)."""
    kept: frozenset[Node]


def prune(edits: Edits, wanted: Iterable[Tensor], named: Iterable[Tensor] = ()) -> Pruned:
    """What the wanted tensors and the `named` ones depend on. Those named keep their names, by an Identity
    where need be.

    Raises RewriteError where a needed node cannot be written: it updates a variable, or its type is unknown.
    """
    named, wanted = tuple(dict.fromkeys(named)), tuple(dict.fromkeys(wanted))
    given = {tensor: edits.resolve(_in_its_body(tensor)) for tensor in (*named, *wanted)}
    kept = _needed(edits, [tensor.node for tensor in given.values()])
    names = {tensor: _written(source) for tensor, source in given.items()}
    nodedefs = [_record(edits, node) for node in sorted(kept, key=_file_order)]
    taken = {nodedef.name for nodedef in nodedefs}
    for tensor in named:
        name = _name_to_keep(tensor)
        if tensor.port == 0 and names[tensor] != f"{name}:0" and name not in taken:
            nodedefs.append(_identity(name, given[tensor]))
            taken.add(name)
            names[tensor] = f"{name}:0"
    original = edits.graph.graphdef
    functions = called(nodedefs, original.functions)
    rest = original.library_rest if functions else ()
    graphdef = replace(
        original,
        nodes=tuple(nodedefs),
        functions=functions,
        library_rest=rest,
        format="graphdef",
        signatures=(),
        collections={},
    )
    return Pruned(graphdef=graphdef, names=names, kept=frozenset(kept))


def dtype_of(tensor: Tensor) -> str:
    """The dtype of a tensor, such as `float`: as its op gives it, or of an op that is not known, by the
    attributes of its node. Raises RewriteError where they do not tell.
    """
    node = tensor.node
    given = given_type(node, tensor.port)
    if given is not None:
        return given
    for key in ("DstT", "T", "dtype", "output_type", "out_type"):
        found = node.attr(key)
        if isinstance(found, str):
            return found.removesuffix("_ref")
    raise RewriteError(_unknown_type(tensor.name, node))


def _unknown_type(name: str, node: Node) -> str:
    return f"the type of {name} ({node.op}) is unknown"


def _needed(edits: Edits, roots: list[Node]) -> set[Node]:
    """The roots and all they depend on, after the edits."""

    def before(node: Node) -> Iterator[Node]:
        if mutates(node.op):
            raise RewriteError(f"the outputs depend on {node.op} {node.label}, which changes a variable")
        return chain((tensor.node for tensor in edits.inputs(node)), edits.controls(node))

    return set(reach(roots, before))


def _file_order(node: Node) -> tuple[float, str]:
    """Nodes of the file in their order, ours behind them by name."""
    return (node.index, "") if node.index >= 0 else (inf, node.name)


def _record(edits: Edits, node: Node) -> NodeDef:
    """The node as it stands in the new file."""
    inputs = tuple(_written(tensor).removesuffix(":0") for tensor in edits.inputs(node))
    inputs += tuple(f"^{control.name}" for control in edits.controls(node))
    if node.nodedef is None:
        if node.bindings.get("T", "") is None:
            raise RewriteError(_unknown_type(node.label, node))
        return new_node(node.name, node.op, inputs, {**node.bindings, **edits.attributes(node)})
    attributes = dict(edits.attributes(node))
    without = frozenset({"_class"}) if _has_colocation(node) else frozenset()
    return rewritten(node.nodedef, name=node.name, inputs=inputs, attributes=attributes, without=without)


def _has_colocation(node: Node) -> bool:
    """Whether it asks to stand beside another node: a matter of devices, and refused where that node is
    gone.
    """
    return bool(node.attr("_class"))


def _written(tensor: Tensor) -> str:
    return f"{tensor.node.name}:{tensor.port}"


def _name_to_keep(tensor: Tensor) -> str:
    """The node name under which people know the tensor. A later output of what is no node any more cannot
    have its old name, which would be that of the first output: its number stands behind it.
    """
    if tensor.node.stands_for is not None and not tensor.node.functions:
        name, _, port = tensor.node.stands_for.rpartition(":")
        return name if port == "0" else f"{name}_{port}"
    return tensor.node.name


def _in_its_body(tensor: Tensor) -> Tensor:
    """What stands for an output of a call is not written, for the output itself gets that name."""
    node = tensor.node
    return node.inputs[0] if node.op == "Identity" and node.stands_for is not None else tensor


def _identity(name: str, tensor: Tensor) -> NodeDef:
    return new_node(name, "Identity", (_written(tensor).removesuffix(":0"),), {"T": dtype_of(tensor)})
