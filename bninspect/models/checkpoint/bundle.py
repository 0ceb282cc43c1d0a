"""The second checkpoint format (V2, TensorBundle): an index of entries, and shards with the values as they
are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bninspect.errors import GraphDefError
from bninspect.graphdef import Span, TensorValue, wire
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.tensors import parse
from bninspect.models.checkpoint import slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.graphdef.wire import Buffer
    from bninspect.models.checkpoint.sorted_table import SortedTable

_MOST_SHARDS = 99_999
"""As many as the names of their files can number."""


class Shard(NamedTuple):
    """One file of values."""

    name: str
    buffer: Buffer


def header(table: SortedTable) -> Any:
    """The BundleHeaderProto. Raises GraphDefError where there is none, or the values are of big-endian
    order.
    """
    span = table.get(b"")
    if span is None:
        raise GraphDefError("no checkpoint: a table without the header of one")
    found = parse("BundleHeaderProto", span.bytes())
    if found.endianness:
        raise GraphDefError("its values are written in big-endian order, which is not read")
    if not 0 <= found.num_shards <= _MOST_SHARDS:
        raise GraphDefError(f"damaged: it claims {found.num_shards} shards")
    return found


def tensors(table: SortedTable, shards: Sequence[Shard]) -> dict[str, TensorValue]:
    """Every tensor of the index whose values are numbers, by key; the values stay in the shards."""
    found = {}
    for entry in table:
        if not entry.key or entry.key.startswith(b"\0"):
            continue  # the header; a slice, which its tensor tells of
        message = parse("BundleEntryProto", entry.value.bytes())
        name = entry.key.decode("utf-8", "replace")
        value = _sliced(name, message, table, shards) if message.slices else _at(name, message, shards)
        if value.is_number:
            found[name] = value
    return found


def object_keys(table: SortedTable, shards: Sequence[Shard]) -> dict[int, str]:
    """Number of an object -> the key of its value, as a checkpoint of objects (TensorFlow 2) tells it."""
    span = table.get(b"_CHECKPOINTABLE_OBJECT_GRAPH")
    if span is None:
        return {}
    place = _span("_CHECKPOINTABLE_OBJECT_GRAPH", parse("BundleEntryProto", span.bytes()), shards)
    size, start = wire.varint(place.buffer, place.start, place.end)
    start += 4  # the checksum of the sizes, of which there is one
    if start + size > place.end:
        raise GraphDefError("damaged: the list of its objects runs over its end")
    graph = parse("TrackableObjectGraph", bytes(place.buffer[start : start + size]))
    return {
        number: attribute.checkpoint_key
        for number, node in enumerate(graph.nodes)
        for attribute in node.attributes
        if attribute.name == "VARIABLE_VALUE"
    }


def _at(name: str, entry: Any, shards: Sequence[Shard]) -> TensorValue:
    """The tensor of one entry."""
    return TensorValue.raw(entry.dtype, entry.shape, _span(name, entry, shards))


def _span(name: str, entry: Any, shards: Sequence[Shard]) -> Span:
    """Where the bytes of one entry lie."""
    if not 0 <= entry.shard_id < len(shards):
        raise GraphDefError(f"damaged: {name!r} is said to be in shard {entry.shard_id} of {len(shards)}")
    shard = shards[entry.shard_id]
    end = entry.offset + entry.size
    if entry.offset < 0 or entry.size < 0 or end > len(shard.buffer):
        raise GraphDefError(f"{shard.name} is cut short: {name!r} ends at byte {end} of {len(shard.buffer)}")
    return Span(shard.buffer, entry.offset, end)


def _sliced(name: str, entry: Any, table: SortedTable, shards: Sequence[Shard]) -> TensorValue:
    """A tensor that is stored in slices, joined when its values are asked for."""
    parts = []
    for message in entry.slices:
        extents = slices.extents(message)
        span = table.get(slices.key(name, extents))
        if span is None:
            raise GraphDefError(f"damaged: a slice of {name!r} is missing")
        parts.append((extents, _at(name, parse("BundleEntryProto", span.bytes()), shards)))
    return joined(entry.dtype, entry.shape, parts)


def joined(dtype: int, shape: Any, parts: list[tuple[tuple[slices.Extent, ...], TensorValue]]) -> TensorValue:
    """The tensor of this DataType and TensorShapeProto that is stored in these slices.

    Its values raise GraphDefError where a slice does not fit.
    """

    def whole() -> Any:
        if len(parts) == 1 and not slices.is_part(parts[0][0]):
            array = parts[0][1].array()
        else:
            size = tuple(dim.size for dim in shape.dim)
            stored = sum(max(part.size, 0) for _, part in parts)
            if math.prod(max(length, 0) for length in size) > stored:
                raise GraphDefError(f"damaged: slices that do not make up a tensor of shape {list(size)}")
            array = np.empty(size, parts[0][1].array().dtype)
            for extents, part in parts:
                try:
                    array[slices.region(extents)] = part.array()
                except (ValueError, IndexError):
                    raise GraphDefError("damaged: a slice that does not fit its tensor") from None
        return message_class("TensorProto")(
            dtype=dtype, tensor_shape=shape, tensor_content=np.ascontiguousarray(array).tobytes()
        )

    return TensorValue(message_class("TensorProto")(dtype=dtype, tensor_shape=shape), whole=whole)
