"""The tables of messages: each declaration as protobuf reads it, and the text of a message."""

from __future__ import annotations

import warnings

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from bninspect.errors import GraphDefError
from bninspect.graphdef.schema import _file, _graphs, from_text, message_class

TABLE = """
Whole: name 1 string; parts 20 *Part; kind 3 Endianness; by_key 4 map<string,Part>
Part: f 1 |float; n 2 |int64
"""


def test_a_table_is_declared_as_protobuf_declares_it() -> None:
    file = FileDescriptorProto.FromString(_file("t.proto", TABLE, ("Endianness",)))
    assert (file.name, file.package, file.syntax) == ("t.proto", "bninspect", "proto3")
    (enum,) = file.enum_type
    assert (enum.name, [(one.name, one.number) for one in enum.value]) == (
        "Endianness",
        [("LITTLE", 0), ("BIG", 1)],
    )
    whole, part = file.message_type
    assert (whole.name, part.name) == ("Whole", "Part")
    found = [(one.name, one.number, one.label, one.type, one.type_name) for one in whole.field]
    assert found == [
        ("name", 1, 1, 9, ""),
        ("parts", 20, 3, 11, ".bninspect.Part"),
        ("kind", 3, 1, 14, ".bninspect.Endianness"),
        ("by_key", 4, 3, 11, ".bninspect.Whole.ByKeyEntry"),
    ]
    (entry,) = whole.nested_type
    assert (entry.name, entry.options.map_entry) == ("ByKeyEntry", True)
    assert [(one.name, one.number, one.label, one.type, one.type_name) for one in entry.field] == [
        ("key", 1, 1, 9, ""),
        ("value", 2, 1, 11, ".bninspect.Part"),
    ]
    assert [one.name for one in part.oneof_decl] == ["value_kind"]
    assert not whole.oneof_decl
    assert all(one.HasField("oneof_index") and one.oneof_index == 0 for one in part.field)
    assert not any(one.HasField("oneof_index") for one in whole.field)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("double", 1),
        ("float", 2),
        ("int64", 3),
        ("uint64", 4),
        ("int32", 5),
        ("fixed64", 6),
        ("bool", 8),
        ("string", 9),
        ("bytes", 12),
        ("uint32", 13),
    ],
)
def test_the_number_of_a_type_is_that_of_protobuf(kind: str, number: int) -> None:
    file = FileDescriptorProto.FromString(_file("t.proto", f"A: x 300 {kind}", ()))
    (field,) = file.message_type[0].field
    assert (field.number, field.type, field.label) == (300, number, 1)


@pytest.mark.parametrize(
    ("name", "text", "field", "number"),
    [
        ("AttrValue", b"type: DT_INVALID", "type", 0),
        ("AttrValue", b"type: DT_FLOAT", "type", 1),
        ("AttrValue", b"type: DT_FLOAT_REF", "type", 101),
        ("AttrValue", b"type: DT_INT4_REF", "type", 129),
        ("FullTypeDef", b"type_id: TFT_LEGACY_VARIANT", "type_id", 10203),
        ("BundleHeaderProto", b"endianness: BIG", "endianness", 1),
        ("SaverDef", b"version: V2", "version", 2),
    ],
)
def test_the_numbers_of_words(name: str, text: bytes, field: str, number: int) -> None:
    assert getattr(from_text(name, text), field) == number


def test_a_fresh_pool_has_the_messages() -> None:
    assert _graphs.__wrapped__().FindMessageTypeByName("bninspect.NodeDef").full_name == "bninspect.NodeDef"
    assert message_class("Event") is message_class("Event")
    assert message_class("MetaGraphDef")(graph_def={"node": [{"name": "a"}]}).graph_def.node[0].name == "a"


@pytest.mark.parametrize("name", ["GraphDef", "MetaGraphDef"])
def test_fields_that_no_table_names_are_refused_unless_they_may_be_there(name: str) -> None:
    text = b"not_ours: 3"
    with pytest.raises(GraphDefError, match=f"^text that is no {name}: 1:1 .*not_ours"):
        from_text(name, text)
    assert from_text(name, text, lenient=True) == message_class(name)()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'node { name: "\xff" }', "text that is not UTF-8 at byte 14"),
        (b"node { name: }", "text that is no GraphDef: 1:14 "),
        (b"node {\n  attr { key: 3 }\n}", "text that is no GraphDef: 2:15 "),
    ],
)
def test_what_is_no_text_of_a_graph_is_named_with_its_place(text: bytes, words: str) -> None:
    with pytest.raises(GraphDefError) as caught:
        from_text("GraphDef", text)
    assert str(caught.value).startswith(words)


def test_the_reason_has_at_most_200_characters() -> None:
    with pytest.raises(GraphDefError) as caught:
        from_text("GraphDef", b"n" * 400 + b": 1")
    assert len(str(caught.value)) == len("text that is no GraphDef: ") + 200


def test_a_mark_of_utf_8_is_no_text_and_a_backslash_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = from_text("NodeDef", b'\xef\xbb\xbfname: "a" op: "\\d"')
    assert message.name == "a"
