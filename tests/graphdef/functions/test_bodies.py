"""Nodes exchanged: every byte around them stays, at the top level and inside functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.graphdef import GraphDef, NodeDef, read
from bninspect.graphdef.functions.bodies import exchanged, spans, write_exchanged
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.wire import Span
from bninspect.graphdef.writer import new_node
from tests.support.messages import chain, field, written

if TYPE_CHECKING:
    from pathlib import Path

VARINT = b"\xa0\x06\x07"
"""Field 100, a number that no schema names."""
TEXT = b"\xa2\x06\x02hi"
"""Field 100, a text."""
VERSIONS = b"\x22\x03\x08\x86\x01"


def node(name: str, op: str, *inputs: str) -> bytes:
    data: bytes = message_class("NodeDef")(name=name, op=op, input=inputs).SerializeToString()
    return data


def function(name: str, *nodes: bytes, between: bytes = b"") -> bytes:
    """A FunctionDef whose name comes first, then its nodes, each with these bytes behind it."""
    return field(1, field(1, name.encode())) + b"".join(field(3, one) + between for one in nodes)


X, RELU, Y = node("x", "Placeholder"), node("y", "Relu", "x"), node("z", "Neg", "y")
F = function("f", node("a", "Abs"), node("b", "Exp"), between=VARINT + TEXT)
G = function("g", node("c", "Log"))
GRADIENT = field(2, field(1, b"f") + field(2, b"g"))
LIBRARY = field(2, field(1, F) + TEXT + field(1, G) + GRADIENT)
FILE = field(1, X) + VARINT + field(1, RELU) + LIBRARY + TEXT + field(1, Y) + VERSIONS


def given(folder: Path, content: bytes = FILE) -> GraphDef:
    return read(written(folder, content))


def named(graphdef: GraphDef, name: str) -> NodeDef:
    """The record of this name, at the top level or in a function."""
    bodies = (graphdef.nodes, *(one.nodes for one in graphdef.functions.values()))
    return next(one for nodes in bodies for one in nodes if one.name == name)


NEW = (new_node("w", "Const", (), {}), new_node("y", "Elu", ("x", "w"), {}))
WRITTEN = b"".join(field(1, node(*args)) for args in (("w", "Const"), ("y", "Elu", "x", "w")))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("y", FILE.replace(field(1, RELU), WRITTEN)),
        ("x", FILE.replace(field(1, X), WRITTEN)),
        ("z", FILE.replace(field(1, Y), WRITTEN)),
    ],
)
def test_a_node_of_the_top_level_is_exchanged_in_its_place(name: str, content: bytes, tmp_path: Path) -> None:
    graphdef = given(tmp_path)
    parts = list(spans(graphdef, {named(graphdef, name): NEW}))
    assert b"".join(part.bytes() for part in parts) == content
    assert all(isinstance(part, Span) for part in parts)
    target = tmp_path / "new.pb"
    assert write_exchanged(graphdef, {named(graphdef, name): NEW}, target) == len(content)
    assert target.read_bytes() == content


def test_a_node_of_a_function_is_exchanged_in_its_place(tmp_path: Path) -> None:
    graphdef = given(tmp_path)
    exchange = {named(graphdef, "b"): (new_node("k", "Const", (), {}), new_node("b", "Elu", ("k",), {}))}
    new = function("f", node("a", "Abs"), between=VARINT + TEXT)
    new += field(3, node("k", "Const")) + field(3, node("b", "Elu", "k")) + VARINT + TEXT
    library = field(2, field(1, new) + TEXT + field(1, G) + GRADIENT)
    assert b"".join(part.bytes() for part in spans(graphdef, exchange)) == FILE.replace(LIBRARY, library)
    records = exchanged(graphdef, exchange)
    assert [one.name for one in records.functions["f"].nodes] == ["a", "k", "b"]
    assert records.functions["g"] is graphdef.functions["g"]
    assert records.nodes == graphdef.nodes


def test_without_an_exchange_the_file_is_one_range(tmp_path: Path) -> None:
    (whole,) = spans(given(tmp_path), {})
    assert (whole.start, whole.end, whole.bytes()) == (0, len(FILE), FILE)


def test_what_is_kept_on_each_side_is_one_range(tmp_path: Path) -> None:
    graphdef = given(tmp_path)
    parts = list(spans(graphdef, {named(graphdef, "y"): NEW[1:]}))
    kept = [(part.start, part.end) for part in parts if part.buffer is graphdef.nodes[0].span.buffer]
    begin = len(field(1, X) + VARINT)
    assert kept == [(0, begin), (begin + len(field(1, RELU)), len(FILE))]


@pytest.mark.parametrize("how", ["another format", "another size", "a record of its own"])
def test_a_graph_that_is_not_its_file_is_written_anew(how: str, tmp_path: Path) -> None:
    """Nodes, functions, versions; what no schema names between them is gone."""
    graphdef = given(tmp_path)
    changes: dict[str, Any] = {
        "another format": {"format": "metagraph"},
        "another size": {"size": graphdef.size + 1},
        "a record of its own": {"nodes": (*graphdef.nodes[:2], new_node("z", "Neg", ("y",), {}))},
    }
    changed = replace(graphdef, **changes[how])
    data = b"".join(part.bytes() for part in spans(changed, {named(changed, "x"): NEW[:1]}))
    message = message_class("GraphDef").FromString(data)
    assert [one.name for one in message.node] == ["w", "y", "z"]
    assert [one.signature.name for one in message.library.function] == ["f", "g"]
    assert message.versions.producer == 134
    assert not data.count(TEXT + field(1, Y))


def test_a_library_in_text_form_is_read_and_exchanged(tmp_path: Path) -> None:
    """A file that was text has no ranges to keep."""
    text = b'node { name: "x" op: "Placeholder" }\nnode { name: "y" op: "Relu" input: "x" }\n'
    graphdef = given(tmp_path, text)
    data = b"".join(part.bytes() for part in spans(graphdef, {graphdef.nodes[1]: NEW}))
    expected = chain(name="x")
    del expected.node[:]
    expected.node.add(name="x", op="Placeholder")
    assert data == expected.SerializeToString() + WRITTEN


def test_a_graph_of_one_node_is_exchanged_in_its_file(tmp_path: Path) -> None:
    graphdef = given(tmp_path, TEXT + field(1, X))
    assert b"".join(part.bytes() for part in spans(graphdef, {graphdef.nodes[0]: NEW})) == TEXT + WRITTEN


def test_field_3_of_a_function_as_a_number_is_no_node(tmp_path: Path) -> None:
    number = b"\x18\x07"
    body = field(1, field(1, b"h")) + number + field(3, node("a", "Abs"))
    graphdef = given(tmp_path, field(1, X) + field(2, field(1, body)))
    exchange = {named(graphdef, "a"): NEW[:1]}
    assert exchanged(graphdef, exchange).functions["h"].span.bytes() == body.replace(
        field(3, node("a", "Abs")), field(3, node("w", "Const"))
    )
