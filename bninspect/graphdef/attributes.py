"""AttrValue -> Python: the one place that knows how an attribute is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.graphdef.dtypes import dtype_name
from bninspect.graphdef.records import AttributePlaceholder, FunctionRef
from bninspect.graphdef.tensors import TensorValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def attribute(message: Any) -> Any:
    """int, float, bool, bytes; a dtype as its name; a shape as a tuple (None: unknown rank; -1: unknown
    size); TensorValue; FunctionRef; AttributePlaceholder; a tuple of these for a list; None for an attribute
    without a value.
    """
    kind = message.WhichOneof("value_kind")
    if kind is None:
        return None
    value = getattr(message, kind)
    read = _READ.get(kind)
    return value if read is None else read(value)


def _list(message: Any) -> tuple[Any, ...]:
    """The one kind of value that is listed; empty where none is."""
    for field, values in message.ListFields():
        read = _READ.get(field.name)
        return tuple(values if read is None else map(read, values))
    return ()


def _shape(message: Any) -> tuple[int, ...] | None:
    return None if message.unknown_rank else tuple(dim.size for dim in message.dim)


def _function(message: Any) -> FunctionRef:
    return FunctionRef(message.name, {key: attribute(part) for key, part in message.attr.items()})


_READ: Mapping[str, Callable[[Any], Any]] = {
    "type": dtype_name,
    "shape": _shape,
    "tensor": TensorValue,
    "placeholder": AttributePlaceholder,
    "func": _function,
    "list": _list,
}
"""What makes a Python value of each kind that is none."""
