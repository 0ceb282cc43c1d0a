"""Other spellings of the same model: nodes renamed, put under a scope, or written in another order.

Works on the protobuf messages, so everything that names a node is met where files have it: inputs at the top
level and in functions (`node:output:0`), `_class`, function attributes, a function's arguments and returns,
signatures, collections.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import text_format

from bninspect.graphdef import wire
from bninspect.graphdef.schema import message_class
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    Rename = Callable[[str], str]

_LOCATION = b"loc:@"


def model(file: str) -> Any:
    """The message of a fixture: GraphDef, MetaGraphDef or SavedModel."""
    path = FIXTURES / file
    if path.is_dir():
        return message_class("SavedModel").FromString((path / "saved_model.pb").read_bytes())
    if path.suffix == ".meta":
        return message_class("MetaGraphDef").FromString(path.read_bytes())
    if path.suffix == ".pbtxt":
        return text_format.Parse(path.read_text(encoding="utf-8"), message_class("GraphDef")())
    return message_class("GraphDef").FromString(path.read_bytes())


def graphdefs(message: Any) -> list[Any]:
    """The GraphDefs in a message."""
    name = message.DESCRIPTOR.name
    if name == "SavedModel":
        return [metagraph.graph_def for metagraph in message.meta_graphs]
    return [message.graph_def] if name == "MetaGraphDef" else [message]


def write(message: Any, folder: Path) -> str:
    """The path of a file with this message."""
    path = folder / ("saved_model.pb" if message.DESCRIPTOR.name == "SavedModel" else "model.pb")
    path.write_bytes(message.SerializeToString(deterministic=True))
    return str(path)


def permuted(message: Any, seed: int) -> Any:
    """The message with the nodes of every graph and function body in another order."""
    message, chance = _copy(message), random.Random(seed)
    for graphdef in graphdefs(message):
        for nodes in (graphdef.node, *(function.node_def for function in graphdef.library.function)):
            order = [_copy(node) for node in nodes]
            chance.shuffle(order)
            del nodes[:]
            nodes.extend(order)
        functions = [_copy(function) for function in graphdef.library.function]
        chance.shuffle(functions)
        del graphdef.library.function[:]
        graphdef.library.function.extend(functions)
    return message


@dataclass(slots=True)
class Opaque:
    """Random names, each used once, and the way back."""

    chance: random.Random
    original: dict[str, str] = field(default_factory=dict)

    def __call__(self, name: str) -> str:
        token = f"n{self.chance.getrandbits(64):016x}"
        self.original[token] = name
        return token

    def back(self, text: str) -> str:
        """The text with the original names in it."""
        return re.sub(r"n[0-9a-f]{16}", lambda match: self.original[match.group()], text)


def renamed(message: Any, seed: int) -> tuple[Any, Opaque]:
    """The message with a random name for every node, function and argument."""
    names = Opaque(random.Random(seed))
    return _rewritten(message, names, functions=names, arguments=names), names


def prefixed(message: Any, scope: str) -> Any:
    """The message with every node of the top level under a scope, as `import_graph_def(name=...)` does."""
    return _rewritten(message, lambda name: f"{scope}/{name}", functions=str, arguments=None)


def _rewritten(message: Any, nodes: Rename, functions: Rename, arguments: Rename | None) -> Any:
    message = _copy(message)
    metagraphs = list(message.meta_graphs) if message.DESCRIPTOR.name == "SavedModel" else [message]
    for metagraph, graphdef in zip(metagraphs, graphdefs(message), strict=True):
        library = [function.signature.name for function in graphdef.library.function]
        called = {name: functions(name) for name in library}
        table = {node.name: nodes(node.name) for node in graphdef.node}
        for node in graphdef.node:
            _rename(node, table, called)
        for function in graphdef.library.function:
            _function(function, called, arguments)
        for gradient in graphdef.library.gradient:
            gradient.function_name = called.get(gradient.function_name, gradient.function_name)
            gradient.gradient_func = called.get(gradient.gradient_func, gradient.gradient_func)
        if metagraph is not graphdef:
            _metagraph(metagraph, table)
    return message


def _function(function: Any, called: dict[str, str], arguments: Rename | None) -> None:
    """The names within one function; without a Rename for arguments, only those of the functions it calls."""
    function.signature.name = called[function.signature.name]
    rename = arguments or str
    table = {node.name: rename(node.name) for node in function.node_def}
    table |= {argument.name: rename(argument.name) for argument in function.signature.input_arg}
    outputs = {argument.name: rename(argument.name) for argument in function.signature.output_arg}
    for argument in function.signature.input_arg:
        argument.name = table[argument.name]
    for argument in function.signature.output_arg:
        argument.name = outputs[argument.name]
    for node in function.node_def:
        _rename(node, table, called)
    returns = {outputs[key]: _input(value, table) for key, value in function.ret.items()}
    controls = {key: table[value] for key, value in function.control_ret.items()}
    function.ret.clear()
    function.ret.update(returns)
    function.control_ret.clear()
    function.control_ret.update(controls)


def _rename(node: Any, table: dict[str, str], called: dict[str, str]) -> None:
    """One node: its name, its inputs, the nodes and functions its attributes name."""
    node.name = table[node.name]
    node.op = called.get(node.op, node.op)
    inputs = [_input(name, table) for name in node.input]
    del node.input[:]
    node.input.extend(inputs)
    for key, value in node.attr.items():
        kind = value.WhichOneof("value_kind")
        refs = [value.func] if kind == "func" else list(value.list.func) if kind == "list" else []
        for ref in refs:
            ref.name = called.get(ref.name, ref.name)
        if key == "_class":
            places = [_location(place, table) for place in value.list.s]
            del value.list.s[:]
            value.list.s.extend(places)


def _input(name: str, table: dict[str, str]) -> str:
    """An input string, with its `^`, its output and its index."""
    mark = "^" if name.startswith("^") else ""
    base, colon, rest = name.removeprefix("^").partition(":")
    return f"{mark}{table[base]}{colon}{rest}"


def _location(place: bytes, table: dict[str, str]) -> bytes:
    """A colocation; one with a node that is not in the file stays as it is."""
    name = place.removeprefix(_LOCATION).decode()
    return _LOCATION + table.get(name, name).encode()


def _metagraph(metagraph: Any, table: dict[str, str]) -> None:
    """What a MetaGraph says of its graph: the signatures, and collections of names."""
    for signature in metagraph.signature_def.values():
        for infos in (signature.inputs, signature.outputs):
            for info in infos.values():
                if info.name:
                    info.name = _input(info.name, table)
    for collection in metagraph.collection_def.values():
        if collection.HasField("node_list"):
            names = [_input(name, table) for name in collection.node_list.value]
            del collection.node_list.value[:]
            collection.node_list.value.extend(names)
        if collection.HasField("bytes_list"):
            variables = [_variable(data, table) for data in collection.bytes_list.value]
            del collection.bytes_list.value[:]
            collection.bytes_list.value.extend(variables)


def _variable(data: bytes, table: dict[str, str]) -> bytes:
    """A serialized VariableDef: its fields are names of tensors. Anything else stays as it is."""
    written = bytearray()
    for part in wire.fields(data, 0, len(data)):
        text = data[part.start : part.end].decode("utf-8", "replace") if part.wire == wire.LENGTH else ""
        if text.partition(":")[0] in table:
            name = _input(text, table).encode()
            assert len(name) < 1 << 14
            written += bytes([part.number << 3 | wire.LENGTH, len(name) & 127 | 128, len(name) >> 7]) + name
        else:
            written += data[part.begin : part.end]
    return bytes(written)


def _copy(message: Any) -> Any:
    return type(message).FromString(message.SerializeToString(deterministic=True))
