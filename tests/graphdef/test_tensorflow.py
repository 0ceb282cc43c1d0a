"""TensorFlow as the oracle: our table of messages, our arrays, our outputs of ops, all against its own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from bninspect.graph.functions import ports
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import _BESIDE, _ENUMS, _GRAPH, message_class

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]

RENAMED = {
    "AttrValueList": "AttrValue.ListValue",
    "Dim": "TensorShapeProto.Dim",
    "NodeDebugInfo": "NodeDef.ExperimentalDebugInfo",
    "DtypeAndShape": "ResourceHandleProto.DtypeAndShape",
    "ArgAttrs": "FunctionDef.ArgAttrs",
    "ArgDef": "OpDef.ArgDef",
    "AttrDef": "OpDef.AttrDef",
    "FileLineCol": "GraphDebugInfo.FileLineCol",
    "StackTrace": "GraphDebugInfo.StackTrace",
    "MetaInfoDef": "MetaGraphDef.MetaInfoDef",
    "CheckpointFormatVersion": "SaverDef.CheckpointFormatVersion",
    "CooSparse": "TensorInfo.CooSparse",
    "CompositeTensor": "TensorInfo.CompositeTensor",
    "Extent": "TensorSliceProto.Extent",
    "Endianness": "BundleHeaderProto.Endianness",
    "SummaryValue": "Summary.Value",
    "TrackableObject": "TrackableObjectGraph.TrackableObject",
    "SerializedTensor": "TrackableObjectGraph.TrackableObject.SerializedTensor",
    **{f"{kind}List": f"CollectionDef.{kind}List" for kind in ("Node", "Bytes", "Int64", "Float", "Any")},
}
HANDLE_DATA = {("ArgDef", "handle_data")}
"""Declared with the type of another message of the same fields."""
ELSEWHERE = {"Any": "google.protobuf.Any"}
LEFT_OUT = {
    ("CompositeTensor", "type_spec"),
    ("SavedObjectGraph", "nodes"),
    ("SavedConcreteFunction", "canonicalized_input_signature"),
    ("SavedConcreteFunction", "output_signature"),
    ("TrackableObject", "children"),
    ("TrackableObject", "slot_variables"),
    ("TrackableObject", "registered_saver"),
    ("TrackableObject", "has_checkpoint_values"),
    ("BundleEntryProto", "crc32c"),
    *(
        ("Event", name)
        for name in ("log_message", "session_log", "tagged_run_metadata", "meta_graph_def", "source_metadata")
    ),
    *(
        ("SummaryValue", name)
        for name in ("node_name", "metadata", "obsolete_old_style_histogram", "image", "audio", "tensor")
    ),
}
"""Fields of TensorFlow that are not read and survive as unknown ones."""
MESSAGES = [line.partition(":")[0] for line in (_GRAPH + _BESIDE).splitlines() if line]


@pytest.fixture(scope="module")
def pool() -> Any:
    import tensorflow  # noqa: F401
    from google.protobuf import descriptor_pool
    from tensorflow.core.protobuf import (  # noqa: F401
        meta_graph_pb2,
        saved_model_pb2,
        tensor_bundle_pb2,
        trackable_object_graph_pb2,
    )
    from tensorflow.core.util import event_pb2, saved_tensor_slice_pb2  # noqa: F401

    return descriptor_pool.Default()


def theirs(pool: Any, name: str) -> Any:
    return pool.FindMessageTypeByName(ELSEWHERE.get(name, f"tensorflow.{RENAMED.get(name, name)}"))


def kind(field: Any) -> tuple[Any, ...]:
    """Type, repetition and encoding of a field; a map by its key and value."""
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return ("map", *(kind(part) for part in message.fields))
    repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == 3
    inner = message or field.enum_type
    name = None if inner is None else inner.full_name.removeprefix("bninspect.").removeprefix("tensorflow.")
    back = {full: short for short, full in RENAMED.items()} | {"google.protobuf.Any": "Any"}
    return field.type, repeated, field.containing_oneof is not None, back.get(str(name), name)


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_of_the_table(name: str, pool: Any) -> None:
    ours = message_class(name).DESCRIPTOR.fields_by_name
    other = theirs(pool, name).fields_by_name
    missing = {field for field in other if field not in ours and (name, field) not in LEFT_OUT}
    assert missing == set()
    for field in ours:
        assert field in other, f"{name}.{field} is not TensorFlow's"
        assert ours[field].number == other[field].number
        if (name, field) not in HANDLE_DATA:
            assert kind(ours[field]) == kind(other[field])


@pytest.mark.parametrize("name", _ENUMS)
def test_every_enum_of_the_table(name: str, pool: Any) -> None:
    other = pool.FindEnumTypeByName(f"tensorflow.{RENAMED.get(name, name)}")
    numbers = {value.name: value.number for value in other.values}
    assert {key: numbers.get(key) for key in _ENUMS[name]} == _ENUMS[name]
    assert set(numbers) <= set(_ENUMS[name])


DTYPES = [
    "float64", "float32", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "bool", "complex64", "complex128",
]  # fmt: skip


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16", "qint8", "quint8", "qint32"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
def test_arrays_are_what_tensorflow_reads(dtype: str, shape: tuple[int, ...]) -> None:
    """As make_tensor_proto writes it (bytes, or one value) and with every value listed."""
    import tensorflow as tf

    generator = np.random.default_rng(7)
    numbers = generator.integers(0, 2 if dtype == "bool" else 100, shape)
    made = tf.make_tensor_proto(numbers.astype(tf.dtypes.as_dtype(dtype).as_numpy_dtype), dtype, shape)
    value = TensorValue(message_class("TensorProto").FromString(made.SerializeToString()))
    expected = tf.make_ndarray(made)
    assert value.shape == expected.shape == shape
    if dtype in DTYPES:
        assert value.array().dtype == expected.dtype
        np.testing.assert_array_equal(value.array(), expected)
    else:
        np.testing.assert_array_equal(value.array().astype(np.float32), expected.astype(np.float32))


def test_strings_are_what_tensorflow_reads() -> None:
    import tensorflow as tf

    made = tf.make_tensor_proto([[b"a", b"\xff\0"], [b"", b"ccc"]])
    value = TensorValue(message_class("TensorProto").FromString(made.SerializeToString()))
    assert value.array().tolist() == tf.make_ndarray(made).tolist()


def test_values_in_part_are_what_tensorflow_reads() -> None:
    import tensorflow as tf
    from tensorflow.core.framework import tensor_pb2

    made = tensor_pb2.TensorProto(dtype=1, float_val=[1, 2, 3])
    for size in (2, 4):
        made.tensor_shape.dim.add(size=size)
    value = TensorValue(message_class("TensorProto").FromString(made.SerializeToString()))
    np.testing.assert_array_equal(value.array(), tf.make_ndarray(made))


def test_ports_are_those_of_the_op_registry() -> None:
    """Output `argument:index` of an op with several output arguments, for every op of the table."""
    from tensorflow.python.framework import op_def_registry

    for op, arguments in ports._OUTPUTS.items():
        registered = op_def_registry.get(op)
        if registered is not None:
            assert tuple(argument.name for argument in registered.output_arg) == arguments, op
