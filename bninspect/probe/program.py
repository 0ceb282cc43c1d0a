"""The part of a model that a run needs: what the fetches depend on, and the functions those nodes call.

Only this part is checked, and only this part is handed to TensorFlow. So nothing runs that was not checked,
and a file that TensorFlow refuses for an update op nobody reads still runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bninspect.graphdef.records import FunctionRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bninspect.graphdef import FunctionDef, GraphDef, NodeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Nodes and functions that run together."""

    nodes: tuple[NodeDef, ...]
    """In file order."""
    functions: tuple[FunctionDef, ...]
    """Every library function a node calls, and those that these call."""
    producer: int | None
    """The GraphDef version the file was written with; it decides how TensorFlow reads an old graph."""

    def serialized(self) -> bytes:
        """The GraphDef message, every node and function byte for byte as the file holds it."""
        parts = [_field(1, node.span.bytes()) for node in self.nodes]
        if self.functions:
            parts.append(_field(2, b"".join(_field(1, function.span.bytes()) for function in self.functions)))
        if self.producer:
            parts.append(_field(4, b"\x08" + _varint(self.producer)))
        return b"".join(parts)


def needed(graphdef: GraphDef, tensors: Iterable[str]) -> Program:
    """What the tensors (`node`, `node:1`, `^node`) depend on, through data, control inputs and functions.

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
    return Program(nodes=nodes, functions=_called(nodes, graphdef.functions), producer=graphdef.producer)


def calls(node: NodeDef, library: Mapping[str, FunctionDef]) -> set[str]:
    """Names of the library functions that the node can run: its op, and every one an attribute names."""
    names = {name for value in node.attributes.values() for name in _references(value)}
    return {name for name in names | {node.op} if name in library}


def _called(nodes: Iterable[NodeDef], library: Mapping[str, FunctionDef]) -> tuple[FunctionDef, ...]:
    """The functions that the nodes call, and transitively those called by them, in the library's order."""
    if not library:
        return ()
    wanted: set[str] = set()
    stack = list(nodes)
    while stack:
        for name in calls(stack.pop(), library) - wanted:
            wanted.add(name)
            stack.extend(library[name].nodes)
    return tuple(function for name, function in library.items() if name in wanted)


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


def _field(number: int, payload: bytes) -> bytes:
    """One length-delimited field of a protobuf message."""
    return bytes((number << 3 | 2,)) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    """The number as protobuf writes it, seven bits a byte, the last one first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
