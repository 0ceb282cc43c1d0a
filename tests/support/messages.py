"""What the tests of reading share: where the fixtures are, and files made of messages of our own schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bninspect.errors import GraphDefError
from bninspect.graph import load
from bninspect.graphdef import GraphDef, TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.wire import to_varint
from tests.support.places import FIXTURES

NOT_GRAPHS = {"fingerprint.pb"}


def models() -> list[Path]:
    """Every fixture that is a graph, SavedModels by their graph file, in a fixed order."""
    endings = {".pb", ".pbtxt", ".meta"}
    found = (path for path in FIXTURES.rglob("*") if path.suffix in endings and path.is_file())
    return sorted(path for path in found if path.name not in NOT_GRAPHS)


def written(folder: Path, content: bytes | Any, name: str = "model.pb") -> str:
    """The path of a new file with this content; a message is serialized."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString(deterministic=True))
    return str(path)


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return to_varint(number << 3 | 2) + to_varint(len(content)) + content


def chain(*ops: str, name: str = "n") -> Any:
    """A GraphDef: a Placeholder `n0`, then one node per op, each reading the one before it."""
    message = message_class("GraphDef")()
    message.node.add(name=f"{name}0", op="Placeholder")
    for index, op in enumerate(ops, 1):
        message.node.add(name=f"{name}{index}", op=op, input=[f"{name}{index - 1}"])
    return message


def refusal(path: str) -> str:
    """What reading says of a file that is no graph; the message without the path, which it begins with."""
    try:
        load(path)
    except GraphDefError as error:
        message = str(error)
        assert message.startswith(f"{path}: "), message
        assert "\n" not in message
        return message.removeprefix(f"{path}: ")
    raise AssertionError(f"{path} was read")


def comparable(value: Any) -> Any:
    """An attribute value in a form that `==` compares: arrays as bytes."""
    if isinstance(value, TensorValue):
        return ("tensor", value.dtype, value.shape, value.array().tolist() if value.size < 1 << 16 else None)
    if isinstance(value, tuple):
        return tuple(comparable(part) for part in value)
    if isinstance(value, dict):
        return {key: comparable(part) for key, part in value.items()}
    return value


def records(graphdef: GraphDef) -> list[Any]:
    """Everything that is read of the nodes, comparable with `==`."""
    bodies = [graphdef.nodes, *(function.nodes for function in graphdef.functions.values())]
    return [
        (node.name, node.op, node.inputs, comparable(dict(node.attributes)))
        for nodes in bodies
        for node in nodes
    ]
