"""Graphs written as text, for tests of patterns: one node a line, functions indented below a `def`.

    x = Placeholder(dtype=float, shape=[-1, 8])
    axes = Const([0])
    bn = FusedBatchNormV3(x, gamma, beta, mean, variance, ^check, is_training=false)
    def branch(a, b) -> y=bn:y:0
        bn = Mul(a, b)

Inputs are written as in the file (`name`, `name:1`, `^name`; in functions `node:output:0`). Attributes:
numbers, `true`, `false`, "strings", [lists], @functions, and names of types. A Const takes its value: floats
make a float tensor, whole numbers an int32 one, true and false a bool one, "strings" one of text.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from bninspect.graph import Graph, flatten
from bninspect.graphdef.reader import records
from bninspect.graphdef.schema import message_class

_NODE = re.compile(r"(\S+) = (\w+)\((.*)\)\Z")
_FUNCTION = re.compile(r"def (\w+)\((.*)\) -> (.*)\Z")
_ATTRIBUTE = re.compile(r"(\w+)=(.+)\Z")
_TYPES = {
    "float": 1,
    "double": 2,
    "int32": 3,
    "string": 7,
    "int64": 9,
    "bool": 10,
    "bfloat16": 14,
    "half": 19,
    "resource": 20,
}


def graph(text: str, producer: int = 134) -> Graph:
    """The Graph of these lines."""
    return flatten(records(graphdef(text, producer).SerializeToString(), "text"))


def graphdef(text: str, producer: int = 134) -> Any:
    """The GraphDef message of these lines."""
    message = message_class("GraphDef")()
    message.versions.producer = producer
    nodes = message.node
    for line in text.splitlines():
        if not line.strip() or line.strip().startswith("#"):
            continue
        function = _FUNCTION.match(line.strip())
        if function:
            nodes = _function(message, *function.groups())
            continue
        if not line.startswith(" "):
            nodes = message.node
        _node(nodes, line.strip())
    return message


def _function(message: Any, name: str, arguments: str, returns: str) -> Any:
    """A new function of the library; its nodes, to be filled."""
    function = message.library.function.add()
    function.signature.name = name
    for argument in _split(arguments):
        function.signature.input_arg.add(name=argument)
    for pair in _split(returns):
        output, _, tensor = pair.partition("=")
        function.signature.output_arg.add(name=output)
        function.ret[output] = tensor
    return function.node_def


def _node(nodes: Any, line: str) -> None:
    match = _NODE.match(line)
    if match is None:
        raise ValueError(f"no node: {line!r}")
    name, op, rest = match.groups()
    node = nodes.add(name=name, op=op)
    if op == "Const":
        _tensor(node.attr, rest)
        return
    for part in _split(rest):
        attribute = _ATTRIBUTE.match(part)
        if attribute:
            _value(node.attr[attribute[1]], attribute[2])
        else:
            node.input.append(part)


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text + ","):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [part for part in parts if part]


def _value(attribute: Any, text: str) -> None:
    """Fill an AttrValue; a list of whole numbers is a shape, one of "strings" is a list."""
    if text in _TYPES:
        attribute.type = _TYPES[text]
    elif text.startswith("@"):
        attribute.func.name = text[1:]
    elif text in ("true", "false"):
        attribute.b = text == "true"
    elif text.startswith("[@"):
        for name in _split(text[1:-1]):
            attribute.list.func.add().name = name[1:]
    else:
        value = ast.literal_eval(text)
        if isinstance(value, list) and any(isinstance(item, str) for item in value):
            attribute.list.s.extend(item.encode() for item in value)
        elif isinstance(value, list):
            attribute.shape.SetInParent()
            for size in value:
                attribute.shape.dim.add(size=size)
        elif isinstance(value, str):
            attribute.s = value.encode()
        elif isinstance(value, float):
            attribute.f = value
        else:
            attribute.i = value


def _tensor(attributes: Any, text: str) -> None:
    """The dtype and value of a Const."""
    value = ast.literal_eval(text.replace("true", "True").replace("false", "False"))
    flat = value if isinstance(value, list) else [value]
    tensor = attributes["value"].tensor
    if isinstance(value, list):
        tensor.tensor_shape.dim.add(size=len(value))
    if any(isinstance(item, bool) for item in flat):
        dtype, field = 10, tensor.bool_val
    elif flat and all(isinstance(item, int) for item in flat):
        dtype, field = 3, tensor.int_val
    elif flat and all(isinstance(item, str) for item in flat):
        dtype, field, flat = 7, tensor.string_val, [item.encode() for item in flat]
    else:
        dtype, field = 1, tensor.float_val
    tensor.dtype = attributes["dtype"].type = dtype
    field.extend(flat)
