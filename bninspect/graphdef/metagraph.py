"""What stands around the graph in a MetaGraph, and which MetaGraph of a SavedModel is the one that is served.

Signatures, collections, the version of TensorFlow, the objects that functions are bound to: small messages,
parsed as they are. The graph between them is only found here; `reader` walks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError
from bninspect.graphdef import wire
from bninspect.graphdef.records import SignatureDef
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.tensors import parse

if TYPE_CHECKING:
    from bninspect.graphdef.wire import Span


def served(whole: Span) -> tuple[Span, tuple[str, ...]]:
    """The MetaGraph tagged `serve` (else the first), and the tags of the others."""
    found = []
    for field in wire.fields(*whole):
        if field.number == 2 and field.wire == wire.LENGTH:
            span = whole._replace(start=field.start, end=field.end)
            found.append((span, _tags(span)))
    if not found:
        raise GraphDefError("a SavedModel without a graph")
    tagged = next((entry for entry in found if entry[1] == ("serve",)), None)
    chosen = tagged or next((entry for entry in found if "serve" in entry[1]), found[0])
    return chosen[0], tuple(",".join(tags) for span, tags in found if span is not chosen[0])


def _info(span: Span) -> Any:
    """The MetaInfoDef of a MetaGraph, empty where there is none; its list of ops is stepped over."""
    for field in wire.fields(*span):
        if field.number == 1 and field.wire == wire.LENGTH:
            kept = bytearray()
            for part in wire.fields(span.buffer, field.start, field.end):
                if part.number not in (2, 3):
                    kept += span.buffer[part.begin : part.end]
            return parse("MetaInfoDef", bytes(kept))
    return message_class("MetaInfoDef")()


def _tags(span: Span) -> tuple[str, ...]:
    return tuple(_info(span).tags)


def graph_in(span: Span, facts: dict[str, Any]) -> Span:
    """The GraphDef inside a MetaGraph; what stands beside it goes into `facts`."""
    graph: Span | None = None
    rest = bytearray()
    for field in wire.fields(*span):
        if field.number == 2 and field.wire == wire.LENGTH:
            graph = span._replace(start=field.start, end=field.end)
        elif field.number in (3, 4, 5):
            rest += span.buffer[field.begin : field.end]
        elif field.number == 7 and field.wire == wire.LENGTH:
            facts["captures"] = _captures(span._replace(start=field.start, end=field.end))
    if graph is None:
        raise GraphDefError("a MetaGraph without a graph")
    message = parse("MetaGraphDef", bytes(rest))
    facts["tensorflow_version"] = _info(span).tensorflow_version or None
    facts["restore_op"] = message.saver_def.restore_op_name or None
    facts["signatures"] = tuple(
        _signature(key, message.signature_def[key]) for key in sorted(message.signature_def)
    )
    facts["collections"] = {
        key: _collected(message.collection_def[key]) for key in sorted(message.collection_def)
    }
    return graph


def _captures(span: Span) -> dict[str, tuple[int, ...]]:
    """Which objects each function of a SavedModel is bound to; the objects themselves are stepped over."""
    kept = bytearray()
    for field in wire.fields(*span):
        if field.number == 2:
            kept += span.buffer[field.begin : field.end]
    functions = parse("SavedObjectGraph", bytes(kept)).concrete_functions
    return {name: tuple(functions[name].bound_inputs) for name in sorted(functions)}


def _signature(key: str, message: Any) -> SignatureDef:
    def names(infos: Any) -> dict[str, str]:
        return {name: infos[name].name for name in sorted(infos) if infos[name].name}

    return SignatureDef(key=key, inputs=names(message.inputs), outputs=names(message.outputs))


def _collected(message: Any) -> tuple[str, ...]:
    """The node names a collection lists; of serialized VariableDefs their variable's name (field 1)."""
    if message.node_list.value:
        return tuple(message.node_list.value)
    names = []
    for data in message.bytes_list.value:
        try:
            first = next((field for field in wire.fields(data, 0, len(data)) if field.number == 1), None)
        except GraphDefError:
            continue
        if first is not None and first.wire == wire.LENGTH:
            names.append(data[first.start : first.end].decode("utf-8", "replace"))
    return tuple(names)
