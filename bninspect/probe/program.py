"""The part of a model that a run needs: what the fetches depend on, and the functions those nodes call.

Only this part is checked, and only this part is handed to TensorFlow. So nothing runs that was not checked,
and a file that TensorFlow refuses for an update op nobody reads still runs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bninspect.graphdef.records import FunctionRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bninspect.graphdef import FunctionDef, GraphDef, NodeDef


def needed(graphdef: GraphDef, tensors: Iterable[str]) -> GraphDef:
    """The part of the records that the tensors (`node`, `node:1`, `^node`) depend on, through data, control
    inputs and functions, in file order.

    A name that no node of the top level has is left for TensorFlow to complain about.
    """
    by_name = {node.name: node for node in graphdef.nodes}
    wanted: set[str] = set()
    stack = [_node_name(tensor) for tensor in tensors]
    while stack:
        name = stack.pop()
        if name in wanted or name not in by_name:
            continue
        wanted.add(name)
        stack.extend(_node_name(source) for source in by_name[name].inputs)
    nodes = tuple(node for node in graphdef.nodes if node.name in wanted)
    functions = _called(nodes, graphdef.functions)
    return replace(graphdef, nodes=nodes, functions=functions, library_rest=())


def calls(node: NodeDef, library: Mapping[str, FunctionDef]) -> set[str]:
    """Names of the library functions that the node can run: its op, and every one an attribute names."""
    names = {name for value in node.attributes.values() for name in _references(value)}
    return {name for name in names | {node.op} if name in library}


def _called(nodes: Iterable[NodeDef], library: Mapping[str, FunctionDef]) -> dict[str, FunctionDef]:
    """The functions that the nodes call, and transitively those called by them, in the library's order."""
    if not library:
        return {}
    wanted: set[str] = set()
    stack = list(nodes)
    while stack:
        for name in calls(stack.pop(), library) - wanted:
            wanted.add(name)
            stack.extend(library[name].nodes)
    return {name: function for name, function in library.items() if name in wanted}


def _references(value: Any) -> Iterator[str]:
    """Names of functions in an attribute's value, in its lists, and in the attributes of those functions."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, FunctionRef):
            yield part.name
            stack.extend(part.attributes.values())
        elif isinstance(part, tuple):
            stack.extend(part)


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").split(":")[0]
