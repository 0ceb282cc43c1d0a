"""The protobuf messages that are read, as two tables, built into a descriptor pool of our own.

No generated code, and no clash with TensorFlow in one process: its messages live in the default pool. The
GraphDef family is declared whole, because the text format refuses (or silently drops) what a schema does not
name; what a binary file holds beyond the table survives as unknown fields. Source, as of TensorFlow 2.21:
core/framework/*.proto, core/util/{event,saved_tensor_slice}.proto and core/protobuf/{meta_graph,saved_model,saver,
tensor_bundle,saved_object_graph,trackable_object_graph}.proto, below tensorflow/.

One line a message: `field number type`; `*` repeats, `map<K,V>` is a map, `|` joins the field to the message's
oneof. Nesting is flattened (`AttrValue.ListValue` is `AttrValueList`): neither format writes the names of
message types.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any

from bninspect.errors import GraphDefError
from bninspect.graphdef.dtypes import NUMBERS
from bninspect.graphdef.wire import LENGTH, VARINT, to_varint

_GRAPH = """
GraphDef: node 1 *NodeDef; library 2 FunctionDefLibrary; version 3 int32; versions 4 VersionDef; debug_info 5 GraphDebugInfo
NodeDef: name 1 string; op 2 string; input 3 *string; device 4 string; attr 5 map<string,AttrValue>; experimental_debug_info 6 NodeDebugInfo; experimental_type 7 FullTypeDef
NodeDebugInfo: original_node_names 1 *string; original_func_names 2 *string
FullTypeDef: type_id 1 FullTypeId; args 2 *FullTypeDef; s 3 |string; i 4 |int64
AttrValue: list 1 |AttrValueList; s 2 |bytes; i 3 |int64; f 4 |float; b 5 |bool; type 6 |DataType; shape 7 |TensorShapeProto; tensor 8 |TensorProto; placeholder 9 |string; func 10 |NameAttrList
AttrValueList: s 2 *bytes; i 3 *int64; f 4 *float; b 5 *bool; type 6 *DataType; shape 7 *TensorShapeProto; tensor 8 *TensorProto; func 9 *NameAttrList
NameAttrList: name 1 string; attr 2 map<string,AttrValue>
TensorShapeProto: dim 2 *Dim; unknown_rank 3 bool
Dim: size 1 int64; name 2 string
TensorProto: dtype 1 DataType; tensor_shape 2 TensorShapeProto; version_number 3 int32; tensor_content 4 bytes; float_val 5 *float; double_val 6 *double; int_val 7 *int32; string_val 8 *bytes; scomplex_val 9 *float; int64_val 10 *int64; bool_val 11 *bool; dcomplex_val 12 *double; half_val 13 *int32; resource_handle_val 14 *ResourceHandleProto; variant_val 15 *VariantTensorDataProto; uint32_val 16 *uint32; uint64_val 17 *uint64; float8_val 18 bytes
ResourceHandleProto: device 1 string; container 2 string; name 3 string; hash_code 4 uint64; maybe_type_name 5 string; dtypes_and_shapes 6 *DtypeAndShape
DtypeAndShape: dtype 1 DataType; shape 2 TensorShapeProto
VariantTensorDataProto: type_name 1 string; metadata 2 bytes; tensors 3 *TensorProto
FunctionDefLibrary: function 1 *FunctionDef; gradient 2 *GradientDef; registered_gradients 3 *RegisteredGradient
FunctionDef: signature 1 OpDef; node_def 3 *NodeDef; ret 4 map<string,string>; attr 5 map<string,AttrValue>; control_ret 6 map<string,string>; arg_attr 7 map<uint32,ArgAttrs>; resource_arg_unique_id 8 map<uint32,uint32>
ArgAttrs: attr 1 map<string,AttrValue>
GradientDef: function_name 1 string; gradient_func 2 string
RegisteredGradient: gradient_func 1 string; registered_op_type 2 string
OpDef: name 1 string; input_arg 2 *ArgDef; output_arg 3 *ArgDef; attr 4 *AttrDef; summary 5 string; description 6 string; deprecation 8 OpDeprecation; is_aggregate 16 bool; is_stateful 17 bool; is_commutative 18 bool; allows_uninitialized_input 19 bool; control_output 20 *string; is_distributed_communication 21 bool
ArgDef: name 1 string; description 2 string; type 3 DataType; type_attr 4 string; number_attr 5 string; type_list_attr 6 string; handle_data 7 *DtypeAndShape; is_ref 16 bool; experimental_full_type 17 FullTypeDef
AttrDef: name 1 string; type 2 string; default_value 3 AttrValue; description 4 string; has_minimum 5 bool; minimum 6 int64; allowed_values 7 AttrValue
OpDeprecation: version 1 int32; explanation 2 string
OpList: op 1 *OpDef
VersionDef: producer 1 int32; min_consumer 2 int32; bad_consumers 3 *int32
GraphDebugInfo: files 1 *string; traces 2 map<string,StackTrace>; frames_by_id 4 map<fixed64,FileLineCol>; name_to_trace_id 5 map<string,fixed64>; traces_by_id 6 map<fixed64,StackTrace>
StackTrace: file_line_cols 1 *FileLineCol; frame_id 2 *fixed64
FileLineCol: file_index 1 int32; line 2 int32; col 3 int32; func 4 string; code 5 string
"""

_BESIDE = """
SavedModel: saved_model_schema_version 1 int64; meta_graphs 2 *MetaGraphDef
MetaGraphDef: meta_info_def 1 MetaInfoDef; graph_def 2 GraphDef; saver_def 3 SaverDef; collection_def 4 map<string,CollectionDef>; signature_def 5 map<string,SignatureDef>; asset_file_def 6 *AssetFileDef; object_graph_def 7 SavedObjectGraph
SavedObjectGraph: concrete_functions 2 map<string,SavedConcreteFunction>
SavedConcreteFunction: bound_inputs 2 *int32
TrackableObjectGraph: nodes 1 *TrackableObject
TrackableObject: attributes 2 *SerializedTensor
SerializedTensor: name 1 string; full_name 2 string; checkpoint_key 3 string
MetaInfoDef: meta_graph_version 1 string; stripped_op_list 2 OpList; any_info 3 Any; tags 4 *string; tensorflow_version 5 string; tensorflow_git_version 6 string; stripped_default_attrs 7 bool; function_aliases 8 map<string,string>
SaverDef: filename_tensor_name 1 string; save_tensor_name 2 string; restore_op_name 3 string; max_to_keep 4 int32; sharded 5 bool; keep_checkpoint_every_n_hours 6 float; version 7 CheckpointFormatVersion
CollectionDef: node_list 1 |NodeList; bytes_list 2 |BytesList; int64_list 3 |Int64List; float_list 4 |FloatList; any_list 5 |AnyList
NodeList: value 1 *string
BytesList: value 1 *bytes
Int64List: value 1 *int64
FloatList: value 1 *float
AnyList: value 1 *Any
Any: type_url 1 string; value 2 bytes
SignatureDef: inputs 1 map<string,TensorInfo>; outputs 2 map<string,TensorInfo>; method_name 3 string; defaults 4 map<string,TensorProto>
TensorInfo: name 1 |string; dtype 2 DataType; tensor_shape 3 TensorShapeProto; coo_sparse 4 |CooSparse; composite_tensor 5 |CompositeTensor
CooSparse: values_tensor_name 1 string; indices_tensor_name 2 string; dense_shape_tensor_name 3 string
CompositeTensor: components 2 *TensorInfo
AssetFileDef: tensor_info 1 TensorInfo; filename 2 string
CheckpointState: model_checkpoint_path 1 string; all_model_checkpoint_paths 2 *string; all_model_checkpoint_timestamps 3 *double; last_preserved_timestamp 4 double
BundleHeaderProto: num_shards 1 int32; endianness 2 Endianness; version 3 VersionDef
BundleEntryProto: dtype 1 DataType; shape 2 TensorShapeProto; shard_id 3 int32; offset 4 int64; size 5 int64; slices 7 *TensorSliceProto
TensorSliceProto: extent 1 *Extent
Extent: start 1 int64; length 2 |int64
SavedTensorSlices: meta 1 SavedTensorSliceMeta; data 2 SavedSlice
SavedTensorSliceMeta: tensor 1 *SavedSliceMeta; versions 2 VersionDef
SavedSliceMeta: name 1 string; shape 2 TensorShapeProto; type 3 DataType; slice 4 *TensorSliceProto
Event: wall_time 1 double; step 2 int64; file_version 3 |string; graph_def 4 |bytes; summary 5 |Summary
Summary: value 1 *SummaryValue
SummaryValue: tag 1 string; simple_value 2 |float; histo 5 |HistogramProto
HistogramProto: min 1 double; max 2 double; num 3 double; sum 4 double; sum_squares 5 double; bucket_limit 6 *double; bucket 7 *double
SavedSlice: name 1 string; slice 2 TensorSliceProto; data 3 TensorProto
"""

_FULL_TYPES = """
UNSET=0 VAR=1 ANY=2 PRODUCT=3 NAMED=4 FOR_EACH=20 CALLABLE=100 TENSOR=1000 ARRAY=1001 OPTIONAL=1002 LITERAL=1003
ENCODED=1004 SHAPE_TENSOR=1005 BOOL=200 UINT8=201 UINT16=202 UINT32=203 UINT64=204 INT8=205 INT16=206 INT32=207
INT64=208 HALF=209 FLOAT=210 DOUBLE=211 BFLOAT16=215 COMPLEX64=212 COMPLEX128=213 STRING=214 DATASET=10102
RAGGED=10103 ITERATOR=10104 MUTEX_LOCK=10202 LEGACY_VARIANT=10203
"""

_ENUMS: dict[str, dict[str, int]] = {
    "DataType": {f"DT_{name.upper()}": number for name, number in NUMBERS.items()}
    | {f"DT_{name.upper()}_REF": 100 + number for name, number in NUMBERS.items() if number},
    "FullTypeId": {
        f"TFT_{name}": int(number) for name, number in (item.split("=") for item in _FULL_TYPES.split())
    },
    "Endianness": {"LITTLE": 0, "BIG": 1},
    "CheckpointFormatVersion": {"LEGACY": 0, "V1": 1, "V2": 2},
}

_SCALARS = {
    "double": 1,
    "float": 2,
    "int64": 3,
    "uint64": 4,
    "int32": 5,
    "fixed64": 6,
    "bool": 8,
    "string": 9,
}
_SCALARS |= {"bytes": 12, "uint32": 13}
_MESSAGE, _ENUM, _OPTIONAL, _REPEATED = 11, 14, 1, 3
_MAP = re.compile(r"map<(\w+),(\w+)>")


@cache
def message_class(name: str) -> Any:
    """The class of one message of the tables, such as `GraphDef`; a table is built when it is first needed."""
    from google.protobuf import message_factory

    pool = _graphs() if f"\n{name}: " in _GRAPH else _everything()
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bninspect.{name}"))


def from_text(name: str, text: bytes, *, lenient: bool = False) -> Any:
    """Protobuf text as a message of the table; `lenient` skips fields that the table does not name.

    Raises GraphDefError with the line where the text is none.
    """
    from google.protobuf import text_format

    message = message_class(name)()
    try:
        with warnings.catch_warnings():
            # Python warns of a backslash that escapes nothing.
            warnings.simplefilter("ignore", DeprecationWarning)
            text_format.Parse(text.decode("utf-8-sig"), message, allow_unknown_field=lenient)
    except UnicodeDecodeError as error:
        raise GraphDefError(f"text that is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise GraphDefError("damaged: text nested too deeply") from None
    except (text_format.ParseError, ValueError) as error:
        raise GraphDefError(f"text that is no {name}: {' '.join(str(error).split())[:200]}") from None
    return message


@cache
def _graphs() -> Any:
    """The pool, with the messages that graphs are made of: most files need no others."""
    from google.protobuf import descriptor_pool

    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_file("graph.proto", _GRAPH, ("DataType", "FullTypeId")))
    return pool


@cache
def _everything() -> Any:
    """The same pool with all messages."""
    pool = _graphs()
    beside = _file("beside.proto", _BESIDE, ("Endianness", "CheckpointFormatVersion"))
    pool.AddSerializedFile(beside + _field(3, "graph.proto"))
    return pool


def _file(name: str, table: str, enums: tuple[str, ...]) -> bytes:
    """The FileDescriptorProto of a table, written field by field: the class of that name would cost more to
    import and to fill than the rest of this file. Numbers of fields: descriptor.proto.
    """
    file = [_field(1, name), _field(2, "bninspect"), _field(12, "proto3")]
    for enum in enums:
        declared = (_field(2, _field(1, key) + _field(2, number)) for key, number in _ENUMS[enum].items())
        file.append(_field(5, _field(1, enum) + b"".join(declared)))
    for line in table.strip().splitlines():
        name, _, fields = line.partition(": ")
        message = [_field(1, name)]
        for declaration in fields.split("; "):
            message.append(_declaration(name, *declaration.split(" ")))
        if "|" in fields:
            message.append(_field(8, _field(1, "value_kind")))
        file.append(_field(4, b"".join(message)))
    return b"".join(file)


def _declaration(message: str, name: str, number: str, kind: str) -> bytes:
    """One field of the table, as a field of a DescriptorProto; of a map with the type of its entries."""
    declared = _field(1, name) + _field(3, int(number))
    if mapped := _MAP.fullmatch(kind):
        entry = "".join(part.capitalize() for part in name.split("_")) + "Entry"
        declared += _label_and_type(_REPEATED, f"{message}.{entry}")
        sides = _declaration(entry, "key", "1", mapped[1]) + _declaration(entry, "value", "2", mapped[2])
        is_map = _field(7, _field(7, 1))
        return _field(2, declared) + _field(3, _field(1, entry) + sides + is_map)
    declared += _label_and_type(_REPEATED if kind.startswith("*") else _OPTIONAL, kind.lstrip("*|"))
    if kind.startswith("|"):
        declared += _field(9, 0)
    return _field(2, declared)


def _label_and_type(label: int, kind: str) -> bytes:
    """Label, type and, of a message or an enum, its full name."""
    if kind in _SCALARS:
        return _field(4, label) + _field(5, _SCALARS[kind])
    kind_number = _ENUM if kind in _ENUMS else _MESSAGE
    return _field(4, label) + _field(5, kind_number) + _field(6, f".bninspect.{kind}")


def _field(number: int, value: int | str | bytes) -> bytes:
    """One field of a message in the wire format: a varint, or text or a message with its length before it."""
    if isinstance(value, int):
        return to_varint(number << 3 | VARINT) + to_varint(value)
    data = value.encode() if isinstance(value, str) else value
    return to_varint(number << 3 | LENGTH) + to_varint(len(data)) + data
