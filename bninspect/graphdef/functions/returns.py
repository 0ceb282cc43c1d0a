"""Returns of a function that name an output which the op does not have, given the name that it has.

    ret: ReadVariableOp:value:0     node_def: ReadVariableOp = Identity(argument)

TensorFlow's freezing makes an Identity of each read of a variable (`value` of ReadVariableOp becomes
`output`), and gives what reads it the new name, but not what the function returns. TensorFlow then refuses
every run: "Return ... is not found". What is meant is never in doubt, for an Identity has one output. So the
function is read, run and written with its name, and `FunctionDef.misnamed` tells what the file has.

Source: `_ReadVariable` in tensorflow/python/framework/convert_to_constants.py (2.21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graphdef import wire
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.wire import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bninspect.graphdef.records import NodeDef

_RETURN = 4
"""The field of a FunctionDef that holds an entry of what it returns."""
_OUTPUT = "output"


def named_anew(returns: Mapping[str, str], nodes: Iterable[NodeDef]) -> dict[str, str]:
    """Output argument of a function -> the tensor that it returns, for those that name an output which an
    Identity does not have. The nodes are those of the function.
    """
    places = {key: text.split(":") for key, text in returns.items() if ":" in text}
    asked = {key: place[0] for key, place in places.items() if place[1] != _OUTPUT}
    handing_on = {node.name for node in nodes if node.op == "Identity"} if asked else set()
    return {key: f"{name}:{_OUTPUT}:0" for key, name in asked.items() if name in handing_on}


def with_returns(function: Span, returns: Mapping[str, str]) -> Span:
    """The FunctionDef in this place with these returns in place of those it has; all else byte for byte."""
    data = bytearray()
    for field in wire.fields(*function):
        if field.number != _RETURN or field.wire != wire.LENGTH:
            data += function.buffer[field.begin : field.end]
    message = message_class("FunctionDef")(ret=returns)
    data += message.SerializeToString(deterministic=True)
    return Span(bytes(data), 0, len(data))
