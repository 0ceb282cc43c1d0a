"""AttrValue -> Python, one kind after the other."""

from __future__ import annotations

from typing import Any

import pytest

from bninspect.graphdef import FunctionRef, TensorValue
from bninspect.graphdef.attributes import attribute
from bninspect.graphdef.dtypes import dtype_name
from bninspect.graphdef.records import AttributePlaceholder
from bninspect.graphdef.schema import message_class


def value(text: str) -> Any:
    """The attribute that this protobuf text writes."""
    from google.protobuf import text_format

    return attribute(text_format.Parse(text, message_class("AttrValue")()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("i: -3", -3),
        ("f: 0.5", 0.5),
        ("b: false", False),
        ("b: true", True),
        ('s: "NHWC"', b"NHWC"),
        ("type: DT_BFLOAT16", "bfloat16"),
        ("type: DT_FLOAT_REF", "float_ref"),
        ("type: 77", "dtype 77"),
        ("shape { dim { size: -1 } dim { size: 3 } }", (-1, 3)),
        ("shape { }", ()),
        ("shape { unknown_rank: true }", None),
        ('placeholder: "T"', AttributePlaceholder("T")),
        ('func { name: "f" attr { key: "N" value { i: 2 } } }', FunctionRef("f", {"N": 2})),
        ("list { }", ()),
        ("list { i: [1, 2] }", (1, 2)),
        ("list { f: 0.5 }", (0.5,)),
        ("list { b: [true, false] }", (True, False)),
        ('list { s: ["a", "b"] }', (b"a", b"b")),
        ("list { type: [DT_FLOAT, DT_INT32] }", ("float", "int32")),
        ("list { shape { dim { size: 2 } } shape { unknown_rank: true } }", ((2,), None)),
        ('list { func { name: "f" } func { name: "g" } }', (FunctionRef("f", {}), FunctionRef("g", {}))),
    ],
)
def test_each_kind(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_tensors_keep_their_values_for_later() -> None:
    found = value("tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: [1, 2] }")
    assert isinstance(found, TensorValue)
    assert found.array().tolist() == [1, 2]
    listed = value("list { tensor { dtype: DT_FLOAT float_val: 2 } }")
    assert [tensor.array().item() for tensor in listed] == [2.0]


def test_names_of_dtypes() -> None:
    names = {0: "invalid", 1: "float", 9: "int64", 14: "bfloat16", 101: "float_ref", 999: "dtype 999"}
    assert {number: dtype_name(number) for number in names} == names
