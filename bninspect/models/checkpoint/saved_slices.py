"""The first checkpoint format (V1): a table of slices, each with its values in a TensorProto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.tensors import parse
from bninspect.models.checkpoint import slices
from bninspect.models.checkpoint.bundle import joined

if TYPE_CHECKING:
    from bninspect.models.checkpoint.sorted_table import SortedTable


def tensors(table: SortedTable) -> dict[str, TensorValue]:
    """Every tensor of the table whose values are numbers, by key.

    Raises GraphDefError for a table that is no such checkpoint.
    """
    span = table.get(b"")
    if span is None:
        raise GraphDefError("no checkpoint: a table without the list of its tensors")
    found = {}
    for entry in parse("SavedTensorSlices", span.bytes()).meta.tensor:
        parts = [
            (extents, _part(table, entry, extents))
            for extents in (slices.extents(message) for message in entry.slice)
        ]
        if not parts:
            raise GraphDefError(f"damaged: {entry.name!r} is stored nowhere")
        value = parts[0][1] if len(parts) == 1 else joined(entry.type, entry.shape, parts)
        if value.is_number:
            found[entry.name] = value
    return found


def _part(table: SortedTable, entry: Any, extents: tuple[slices.Extent, ...]) -> TensorValue:
    """One slice; its values are unpacked when asked for."""
    head = message_class("TensorProto")(dtype=entry.type)
    for dim, (_, length) in zip(entry.shape.dim, extents, strict=False):
        head.tensor_shape.dim.add(size=dim.size if length < 0 else length)

    def whole() -> Any:
        span = table.get(slices.key(entry.name, extents))
        if span is None:
            raise GraphDefError(f"damaged: a slice of {entry.name!r} is missing")
        values = parse("SavedTensorSlices", span.bytes()).data.data
        values.dtype = head.dtype
        values.tensor_shape.CopyFrom(head.tensor_shape)
        return values

    return TensorValue(head, whole=whole)
