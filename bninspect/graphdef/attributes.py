"""AttrValue -> Python: the one place that knows how an attribute is written."""

from __future__ import annotations

from typing import Any

from bninspect.graphdef.dtypes import dtype_name
from bninspect.graphdef.records import AttributePlaceholder, FunctionRef
from bninspect.graphdef.tensors import TensorValue


def attribute(message: Any) -> Any:
    """int, float, bool, bytes; a dtype as its name; a shape as a tuple (None: unknown rank; -1: unknown
    size); TensorValue; FunctionRef; AttributePlaceholder; a tuple of these for a list; None for an attribute
    without a value.
    """
    kind = message.WhichOneof("value_kind")
    if kind is None:
        return None
    value = getattr(message, kind)
    if kind == "list":
        return _list(value)
    return _single(kind, value)


def _single(kind: str, value: Any) -> Any:
    if kind == "type":
        return dtype_name(value)
    if kind == "shape":
        return None if value.unknown_rank else tuple(dim.size for dim in value.dim)
    if kind == "tensor":
        return TensorValue(value)
    if kind == "placeholder":
        return AttributePlaceholder(value)
    if kind == "func":
        return FunctionRef(value.name, {key: attribute(part) for key, part in value.attr.items()})
    return value


def _list(message: Any) -> tuple[Any, ...]:
    """The one kind of value that is listed; empty where none is."""
    for field, values in message.ListFields():
        return tuple(_single(field.name, value) for value in values)
    return ()
