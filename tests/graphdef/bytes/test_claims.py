"""What a tensor claims, and where reading it ends: each bound, and what is one beyond it."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError

from bninspect.errors import GraphDefError
from bninspect.graphdef import TensorValue, tensors
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.tensors import parse
from bninspect.graphdef.wire import Span
from tests.graphdef.test_tensors import array, proto, refused


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((), 1),
        ((2, 3), 6),
        ((4, 0, 1 << 62), 0),
        ((1 << 62, 1 << 62, 0), 0),
        ((-1,), -1),
        ((-1, 0), -1),
        ((0, -1), -1),
        ((1 << 31, 1 << 31), 1 << 62),
        ((1 << 61, 2), 1 << 62),
        ((1 << 61, 3), 1 << 62),
        ((1 << 62, 5), 1 << 62),
        (((1 << 62) - 1,), (1 << 62) - 1),
    ],
    ids=str,
)
def test_how_many_values_a_shape_claims(shape: tuple[int, ...], size: int) -> None:
    assert TensorValue(proto("float", shape)).size == size


@pytest.mark.parametrize(
    ("dtype", "number", "is_number", "is_real"),
    [
        ("float", 1, True, True),
        ("bool", 10, True, True),
        ("bfloat16", 14, True, True),
        ("quint8", 12, True, True),
        ("complex64", 8, True, False),
        ("complex128", 18, True, False),
        ("string", 7, False, False),
        ("resource", 20, False, False),
        ("invalid", 0, False, False),
    ],
)
def test_what_kind_of_values_a_type_has(dtype: str, number: int, is_number: bool, is_real: bool) -> None:
    found = TensorValue(proto(dtype, (2,)))
    assert (found.dtype, found.type_number) == (dtype, number)
    assert (found.is_number, found.is_real) == (is_number, is_real)


def test_at_most_32_dimensions() -> None:
    assert array("float", (1,) * 32, float_val=[2.0]).shape == (1,) * 32
    assert refused("float", (1,) * 33, float_val=[2.0]).endswith("and 25 more dimensions")


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((-1, 2), "[-1, 2]"),
        ((-1, 2, 3, 4, 5, 6, 7, 8), "[-1, 2, 3, 4, 5, 6, 7, 8]"),
        ((-1, 2, 3, 4, 5, 6, 7, 8, 9), "[-1, 2, 3, 4, 5, 6, 7, 8] and 1 more dimensions"),
    ],
)
def test_a_message_has_room_for_eight_dimensions(shape: tuple[int, ...], shown: str) -> None:
    assert refused("float", shape) == f"damaged: a constant of shape {shown}"


def test_numbers_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "_LARGEST_FILL", 4)
    assert TensorValue(proto("float", (4,), float_val=[1.0])).reals().tolist() == [1.0] * 4
    with pytest.raises(GraphDefError) as caught:
        TensorValue(proto("float", (5,), float_val=[1.0])).reals()
    assert str(caught.value) == "a constant of shape [5], where a few numbers were expected"
    with pytest.raises(GraphDefError) as caught:
        TensorValue(proto("complex64", (1,))).numbers()
    assert str(caught.value) == "a constant of type complex64, where numbers were expected"


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("half", {"half_val": [0x13C00]}, [1.0]),
        ("bfloat16", {"half_val": [0x13F80]}, [1.0]),
        ("bfloat16", {"tensor_content": b"\x80\x3f"}, [1.0]),
        ("int8", {"int_val": [-128]}, [-128]),
        ("float", {"float_val": [math.inf]}, [math.inf]),
        ("complex128", {"tensor_content": np.array([1 - 2j]).tobytes()}, [1 - 2j]),
        ("complex64", {"scomplex_val": [1.0, -2.0]}, [1 - 2j]),
        ("complex64", {}, [0j]),
        ("string", {}, [b""]),
        ("bool", {}, [False]),
    ],
)
def test_one_value_of_each_kind(dtype: str, values: dict[str, Any], expected: list[Any]) -> None:
    assert array(dtype, (1,), **values).tolist() == expected


@pytest.mark.parametrize(
    ("dtype", "values", "words"),
    [
        ("int8", {"int_val": [128]}, "damaged: a value outside the range of int8"),
        ("uint8", {"int_val": [-1]}, "damaged: a value outside the range of uint8"),
        ("complex128", {"dcomplex_val": [1.0]}, "damaged: 1 halves of complex numbers"),
        ("double", {"tensor_content": bytes(9)}, "damaged: 9 bytes for a constant of type double"),
        ("float", {"tensor_content": bytes(12)}, "damaged: 3 values for a constant of shape [2]"),
    ],
)
def test_values_that_do_not_fit(dtype: str, values: dict[str, Any], words: str) -> None:
    assert refused(dtype, (2,), **values) == words


LISTED = proto("float", (2, 400), float_val=np.arange(800.0).tolist())
CONTENT = proto("float", (2, 400), tensor_content=np.arange(800, dtype=np.float32).tobytes())
SMALL = proto("float", (2,), float_val=[1.0, 2.0])
NAMED = proto("float", (2, 400), float_val=[0.5] * 800)
NAMED.tensor_shape.dim[0].name = "rows" * 300


@pytest.mark.parametrize(
    "message", [LISTED, CONTENT, SMALL, NAMED], ids=["listed", "as bytes", "small", "a shape of a kilobyte"]
)
@pytest.mark.parametrize("again", [lambda one: one, copy.copy, copy.deepcopy,
                                   lambda one: pickle.loads(pickle.dumps(one))],
                         ids=["itself", "copy", "deep copy", "pickle"])  # fmt: skip
def test_a_tensor_in_its_place_has_all_its_values(message: Any, again: Any) -> None:
    data = message.SerializeToString()
    found = again(TensorValue.at(Span(b"\xff\xff" + data + b"\xff", 2, len(data) + 2)))
    expected = TensorValue(message)
    assert (found.dtype, found.shape, found.size) == (expected.dtype, expected.shape, expected.size)
    assert np.array_equal(found.array(), expected.array())
    assert found.array().dtype == np.float32
    assert found.message() == expected.message() == message


def test_raw_values_have_the_type_and_shape_that_are_said_of_them() -> None:
    shape = message_class("TensorShapeProto")()
    shape.dim.add(size=2)
    data = b"\xff" + np.array([3, -4], "<i4").tobytes() + b"\xff"
    found = TensorValue.raw(3, shape, Span(data, 1, 9))
    assert (found.dtype, found.shape, found.array().tolist()) == ("int32", (2,), [3, -4])


@pytest.mark.parametrize(("of", "named"), [(None, "TensorProto"), ("NodeDef", "NodeDef")])
def test_bytes_that_are_no_message_are_named(of: str | None, named: str) -> None:
    with pytest.raises(GraphDefError, match=rf"^damaged: a {named} that cannot be parsed \([^()]+\)$"):
        parse("TensorProto", b"\x12\x05a", of)


@pytest.mark.parametrize("reason", ["", " two\nlines "])
def test_why_bytes_are_no_message_is_said_on_one_line(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protobuf of some systems gives no reason."""

    class Refusing:
        @staticmethod
        def FromString(data: bytes) -> None:  # noqa: N802
            raise DecodeError(reason)

    monkeypatch.setattr(tensors, "message_class", lambda name: Refusing)
    with pytest.raises(GraphDefError) as caught:
        parse("TensorProto", b"")
    said = "two lines" if reason else "it does not parse"
    assert str(caught.value) == f"damaged: a TensorProto that cannot be parsed ({said})"
