"""Records -> bytes: nodes rewritten field by field, everything untouched copied as it stands in the file.

A rewritten node keeps every byte of the fields that do not change, unknown ones and large tensors included.
"""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.files import whole
from bninspect.graphdef import wire
from bninspect.graphdef.dtypes import NUMBERS, name_of_numpy
from bninspect.graphdef.nodes import Alone
from bninspect.graphdef.records import NodeDef
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.tensors import TensorValue
from bninspect.graphdef.wire import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from bninspect.graphdef.records import GraphDef

_NAME, _OP, _INPUT, _ATTR = 1, 2, 3, 5


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, with a number behind it where it is taken already."""
    numbered = (f"{name}_{number}" for number in count(1))
    return next(one for one in chain((name,), numbered) if not is_taken(one))


def new_node(name: str, op: str, inputs: tuple[str, ...], attributes: Mapping[str, Any]) -> NodeDef:
    """A node that no file holds. Attributes: bool, int, float, bytes, str (a dtype), an array or a
    TensorValue (a tensor), a tuple of int.
    """
    message = message_class("NodeDef")(name=name, op=op, input=inputs)
    for key, value in attributes.items():
        _set(message.attr[key], value)
    return _record(name, op, inputs, message.SerializeToString(deterministic=True))


def rewritten(
    nodedef: NodeDef,
    *,
    name: str,
    inputs: tuple[str, ...],
    op: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    without: frozenset[str] = frozenset(),
) -> NodeDef:
    """The node with this name and these inputs, of another op if one is given, some attributes set and some
    left out; the same record where nothing changes. What stays is copied as it is, whatever it is.
    """
    op = op or nodedef.op
    attributes = attributes or {}
    gone = (set(attributes) | without) & set(nodedef.attributes)
    if (name, inputs, op) == (nodedef.name, nodedef.inputs, nodedef.op) and not gone and not attributes:
        return nodedef
    head = message_class("NodeDef")(name=name, op=op, input=inputs)
    for key, value in attributes.items():
        _set(head.attr[key], value)
    data = bytearray(head.SerializeToString(deterministic=True))
    span = nodedef.span
    for field in wire.fields(*span):
        if field.number in (_NAME, _OP, _INPUT):
            continue
        if field.number == _ATTR and gone and _key(span, field) in gone:
            continue
        data += span.buffer[field.begin : field.end]
    return _record(name, op, inputs, bytes(data))


def _record(name: str, op: str, inputs: tuple[str, ...], data: bytes) -> NodeDef:
    return NodeDef(name=name, op=op, inputs=inputs, kept=Alone(Span(data, 0, len(data))))


def _key(span: Span, field: wire.Field) -> str:
    """The key of one entry of the attribute map."""
    for part in wire.fields(span.buffer, field.start, field.end):
        if part.number == 1:
            return bytes(span.buffer[part.start : part.end]).decode("utf-8", "replace")
    return ""


def _set(target: Any, value: Any) -> None:
    """One attribute value."""
    if isinstance(value, bool):
        target.b = value
    elif isinstance(value, int):
        target.i = value
    elif isinstance(value, float):
        target.f = value
    elif isinstance(value, bytes):
        target.s = value
    elif isinstance(value, str):
        target.type = NUMBERS[value]
    elif isinstance(value, np.ndarray):
        target.tensor.dtype = NUMBERS[name_of_numpy(value.dtype)]
        for size in value.shape:
            target.tensor.tensor_shape.dim.add(size=size)
        target.tensor.tensor_content = value.tobytes()
        _state_shape(target.tensor)
    elif isinstance(value, TensorValue):
        target.tensor.CopyFrom(value.message())
        _state_shape(target.tensor)
    else:
        target.list.i.extend(value)


def _state_shape(tensor: Any) -> None:
    """Writes the shape of a scalar, too, which is an empty message: OpenVINO takes a constant that states no
    shape for 0, and TensorFlow always writes one.
    """
    tensor.tensor_shape.SetInParent()


def pieces(graphdef: GraphDef) -> Iterator[Span]:
    """The GraphDef message as ranges, in order: nodes, functions, versions; joined they are the file."""
    for node in graphdef.nodes:
        yield from length_delimited(1, (node.span,))
    if graphdef.functions or graphdef.library_rest:
        inner = [
            part for function in graphdef.functions.values() for part in length_delimited(1, (function.span,))
        ]
        inner.extend(graphdef.library_rest)
        yield from length_delimited(2, tuple(inner))
    if graphdef.versions is not None:
        yield from length_delimited(4, (graphdef.versions,))


def length_delimited(number: int, parts: tuple[Span, ...]) -> Iterator[Span]:
    """A length-delimited field: tag and length, then the parts."""
    head = bytes((number << 3 | wire.LENGTH,)) + wire.to_varint(sum(part.end - part.start for part in parts))
    yield Span(head, 0, len(head))
    yield from parts


def write(graphdef: GraphDef, path: Path) -> int:
    """Write the graph to a file, whole or not at all; the number of bytes. Raises OSError; then the target is
    what it was.
    """
    with whole(path) as target:
        return copy(graphdef, target)


def copy(graphdef: GraphDef, target: BinaryIO) -> int:
    """Write the graph to a stream; the number of bytes. What lies in a file goes from one to the
    other without standing in memory. Raises OSError.
    """
    size = 0
    for span in pieces(graphdef):
        size += span.write(target)
    return size


def serialized(graphdef: GraphDef) -> bytes:
    """The GraphDef message in one piece."""
    return b"".join(span.bytes() for span in pieces(graphdef))
