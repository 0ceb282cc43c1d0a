"""TensorProto -> array: every type in every encoding, how values are filled up, what a claim costs."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from bninspect.errors import GraphDefError
from bninspect.graphdef import TensorValue, tensors
from bninspect.graphdef.dtypes import NUMBERS
from bninspect.graphdef.schema import message_class

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
QUANTIZED = ("qint8", "quint8", "qint16", "quint16", "qint32")
LISTED = {"int64": "int64_val", "uint32": "uint32_val", "uint64": "uint64_val"}
HUGE = 10**9


def proto(dtype: str, shape: tuple[int, ...], **values: Any) -> Any:
    message = message_class("TensorProto")(dtype=NUMBERS[dtype], **values)
    message.tensor_shape.SetInParent()
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    return message


def array(dtype: str, shape: tuple[int, ...], **values: Any) -> Any:
    return TensorValue(proto(dtype, shape, **values)).array()


def refused(dtype: str, shape: tuple[int, ...], **values: Any) -> str:
    with pytest.raises(GraphDefError) as caught:
        array(dtype, shape, **values)
    return str(caught.value)


@pytest.mark.parametrize("dtype", [*INTEGERS, *QUANTIZED])
def test_integers_listed_and_as_bytes(dtype: str) -> None:
    plain = dtype.replace("q", "")
    info = np.iinfo(plain)
    numbers = [info.min, 0, info.max]
    field = LISTED.get(dtype, "int_val")
    for found in (
        array(dtype, (3,), **{field: numbers}),
        array(dtype, (3,), tensor_content=np.array(numbers, plain).tobytes()),
    ):
        assert found.tolist() == numbers
        assert found.dtype == np.dtype(plain)


@pytest.mark.parametrize(
    ("dtype", "field"), [("float", "float_val"), ("double", "double_val"), ("half", None), ("bfloat16", None)]
)
def test_floats_listed_and_as_bytes(dtype: str, field: str | None) -> None:
    numbers = [0.0, 1.5, -2.0, float("inf")]
    if dtype == "bfloat16":
        bits = (np.array(numbers, np.float32).view(np.uint32) >> 16).astype(np.uint16)
        listed = {"half_val": bits.tolist()}
        content = bits.tobytes()
    elif dtype == "half":
        listed = {"half_val": np.array(numbers, np.float16).view(np.uint16).tolist()}
        content = np.array(numbers, np.float16).tobytes()
    else:
        listed = {str(field): numbers}
        content = np.array(numbers, {"float": "f4", "double": "f8"}[dtype]).tobytes()
    for found in (array(dtype, (2, 2), **listed), array(dtype, (2, 2), tensor_content=content)):
        assert found.reshape(-1).tolist() == numbers
        assert found.shape == (2, 2)


def test_booleans_complex_and_strings() -> None:
    assert array("bool", (2,), bool_val=[True, False]).tolist() == [True, False]
    assert array("bool", (2,), tensor_content=b"\1\0").tolist() == [True, False]
    assert array("complex64", (2,), scomplex_val=[1, 2, 3, 4]).tolist() == [1 + 2j, 3 + 4j]
    assert array("complex128", (1,), dcomplex_val=[1, -2]).tolist() == [1 - 2j]
    assert array("string", (2,), string_val=[b"a", b"\xff"]).tolist() == [b"a", b"\xff"]
    assert array("string", (2,), string_val=[b"a"]).tolist() == [b"a", b"a"]
    assert array("string", (2,)).tolist() == [b"", b""]


def test_scalars_and_empty_tensors() -> None:
    assert array("float", (), float_val=[2.0]).item() == 2.0
    assert array("float", ()).item() == 0.0
    assert array("float", (0,)).shape == (0,)
    assert array("float", (3, 0, HUGE)).shape == (3, 0, HUGE)


def test_values_written_in_part_are_filled_up_with_the_last() -> None:
    assert array("float", (2, 3), float_val=[1, 2]).tolist() == [[1, 2, 2], [2, 2, 2]]
    assert array("int32", (2, 2), int_val=[7]).tolist() == [[7, 7], [7, 7]]
    assert array("int32", (2, 2)).tolist() == [[0, 0], [0, 0]]


def test_a_claimed_shape_is_not_allocated() -> None:
    tracemalloc.start()
    try:
        splat = array("float", (HUGE,), float_val=[0.5])
        assert refused("float", (HUGE,), float_val=[1.0, 2.0])
        assert refused("float", (HUGE,), tensor_content=bytes(8))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert (splat.shape, splat[HUGE - 1], splat.strides) == ((HUGE,), 0.5, (0,))


def test_half_of_the_values_may_be_missing_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what is filled up at any rate, twice what is written."""
    monkeypatch.setattr(tensors, "_LARGEST_FILL", 4)
    assert array("float", (6,), float_val=[1, 2, 3]).tolist() == [1, 2, 3, 3, 3, 3]
    assert array("float", (4,), float_val=[1, 2]).tolist() == [1, 2, 2, 2]
    assert "with only 3 values written" in refused("float", (7,), float_val=[1, 2, 3])
    assert "with only 2 values written" in refused("float", (5,), float_val=[1, 2])


@pytest.mark.parametrize("shape", [(1 << 40, 1 << 40), (1 << 62,), (1 << 62,) * 3, (2,) * 300, (1,) * 65])
def test_shapes_that_nothing_can_have(shape: tuple[int, ...]) -> None:
    value = TensorValue(proto("float", shape, float_val=[1.0]))
    assert 1 <= value.size <= 1 << 62
    with pytest.raises(GraphDefError, match="damaged: a constant of shape"):
        value.array()


def test_wrong_counts_and_types() -> None:
    assert "3 values for a constant of shape [2]" in refused("float", (2,), float_val=[1, 2, 3])
    assert "7 bytes" in refused("float", (2,), tensor_content=bytes(7))
    assert "shape [-1, 3]" in refused("float", (-1, 3), float_val=[1])
    assert "halves of complex" in refused("complex64", (1,), scomplex_val=[1, 2, 3])
    assert "type resource has no values" in refused("resource", ())
    assert "type variant" in refused("variant", ())
    message = proto("float", ())
    message.dtype = 77
    with pytest.raises(GraphDefError, match="dtype 77"):
        TensorValue(message).array()


@pytest.mark.parametrize("values", [{"float_val": [1, 2]}, {"float_val": [1]}, {"tensor_content": bytes(8)}])
def test_arrays_are_read_only(values: dict[str, Any]) -> None:
    found = array("float", (2,), **values)
    assert not found.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 3


def test_numbers_are_float64_of_what_is_real_and_small() -> None:
    assert TensorValue(proto("half", (1,), half_val=[0x3C00])).numbers().tolist() == [1.0]
    assert TensorValue(proto("int32", (2,), int_val=[3])).numbers().dtype == np.float64
    for dtype, shape in (("string", (1,)), ("complex64", (1,)), ("resource", ()), ("float", (HUGE,))):
        with pytest.raises(GraphDefError, match="where"):
            TensorValue(proto(dtype, shape)).numbers()
