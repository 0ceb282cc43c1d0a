"""Files -> records: each container, large weights left where they are, what stands beside the graph."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bninspect.graphdef import TensorValue, read
from bninspect.graphdef.schema import message_class
from tests.benchmarks.models import GraphFile
from tests.support.messages import chain, models, records, written
from tests.support.places import FIXTURES


@pytest.mark.parametrize("path", models(), ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_every_fixture_is_read_as_protobuf_reads_it(path: Path) -> None:
    """Names, ops, inputs, attribute names and tensor shapes, against a parse of the whole message."""
    graphdef = read(str(path))
    kind = graphdef.format.removesuffix("-text")
    names = {"graphdef": "GraphDef", "metagraph": "MetaGraphDef", "savedmodel": "SavedModel"}
    message = message_class(names[kind])()
    if graphdef.format.endswith("-text"):
        from google.protobuf import text_format

        text_format.Parse(path.read_text(encoding="utf-8"), message)
    else:
        message.ParseFromString(path.read_bytes())
    if kind == "savedmodel":
        message = message.meta_graphs[0]
    whole = message if kind == "graphdef" else message.graph_def
    bodies = [(graphdef.nodes, whole.node)]
    for function in whole.library.function:
        bodies.append((graphdef.functions[function.signature.name].nodes, function.node_def))
    for read_nodes, parsed_nodes in bodies:
        assert [(n.name, n.op, list(n.inputs)) for n in read_nodes] == [
            (n.name, n.op, list(n.input)) for n in parsed_nodes
        ]
        for node, parsed in zip(read_nodes, parsed_nodes, strict=True):
            assert set(node.attributes) == set(parsed.attr)
            value = node.attributes.get("value")
            if isinstance(value, TensorValue):
                assert value.shape == tuple(dim.size for dim in parsed.attr["value"].tensor.tensor_shape.dim)
                assert value.array().shape == value.shape
    assert graphdef.producer == (whole.versions.producer if whole.HasField("versions") else None)
    assert graphdef.size == path.stat().st_size


def test_text_and_binary_of_one_graph_are_equal() -> None:
    text, binary = read(str(FIXTURES / "text.pbtxt")), read(str(FIXTURES / "text_same.pb"))
    assert records(text) == records(binary)
    assert text.producer == binary.producer


def test_a_text_graph_keeps_the_fields_of_a_function(tmp_path: Path) -> None:
    """The same graph written as text and as bytes, functions and all."""
    from google.protobuf import text_format

    message = message_class("GraphDef").FromString((FIXTURES / "nested_functions.pb").read_bytes())
    text = read(written(tmp_path, text_format.MessageToString(message).encode(), "a.pbtxt"))
    binary = read(str(FIXTURES / "nested_functions.pb"))
    assert records(text) == records(binary)
    for name, function in binary.functions.items():
        other = text.functions[name]
        assert (function.arguments, function.outputs) == (other.arguments, other.outputs)
        assert (function.returns, set(function.control_returns)) == (
            other.returns,
            set(other.control_returns),
        )


def test_large_weights_stay_in_the_file(tmp_path: Path) -> None:
    """300 MB of weights, a hole in the file: nothing of it is read before its array is asked for."""
    path = tmp_path / "large.pb"
    with GraphFile(path) as graph:
        for number in range(3):
            graph.constant(f"weights_{number}", (5000, 5000))
        graph.constant("last", (2,), b"\0\0\x80\x3f\0\0\0\x40")
    assert path.stat().st_size > 300_000_000
    tracemalloc.start()
    try:
        graphdef = read(str(path))
        values = [node.attr("value") for node in graphdef.nodes]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    assert [value.shape for value in values] == [(5000, 5000)] * 3 + [(2,)]
    assert values[2].array()[4999, 4999] == 0
    assert values[3].array().tolist() == [1.0, 2.0]
    assert not values[3].array().flags.writeable


def test_a_large_attribute_that_is_no_tensor(tmp_path: Path) -> None:
    message = message_class("GraphDef")()
    node = message.node.add(name="x", op="Numbers")
    node.attr["list"].list.i.extend(range(5000))
    node.attr["text"].s = b"a" * 5000
    node.attr["small"].i = 7
    found = read(written(tmp_path, message)).nodes[0]
    assert found.attr("list") == tuple(range(5000))
    assert found.attr("text") == b"a" * 5000
    assert found.attr("small") == 7
    assert found.attr("none", 3) == 3
    assert [name in found.attributes for name in ("list", "small", "none")] == [True, True, False]


def test_a_large_tensor_whose_values_are_listed(tmp_path: Path) -> None:
    message = message_class("GraphDef")()
    tensor = message.node.add(name="x", op="Const").attr["value"].tensor
    tensor.dtype = 1
    tensor.tensor_shape.dim.add(size=4000)
    tensor.float_val.extend([0.5] * 4000)
    value = read(written(tmp_path, message)).nodes[0].attr("value")
    assert (value.dtype, value.shape) == ("float", (4000,))
    assert value.array().tolist() == [0.5] * 4000


def saved_model(*tags: tuple[str, ...]) -> Any:
    """A SavedModel with one MetaGraph per set of tags; its only node is named by them."""
    message = message_class("SavedModel")(saved_model_schema_version=1)
    for names in tags:
        meta = message.meta_graphs.add()
        meta.meta_info_def.tags.extend(names)
        meta.graph_def.node.add(name="-".join(names) or "none", op="Placeholder")
    return message


@pytest.mark.parametrize(
    ("tags", "chosen", "others"),
    [
        ([("serve",)], "serve", ()),
        ([("train",), ("serve",)], "serve", ("train",)),
        ([("serve", "gpu"), ("serve",)], "serve", ("serve,gpu",)),
        ([("train",), ("serve", "tpu")], "serve-tpu", ("train",)),
        ([("train",), ("eval",)], "train", ("eval",)),
        ([()], "none", ()),
    ],
)
def test_a_saved_model_gives_the_graph_that_is_served(
    tags: list[tuple[str, ...]], chosen: str, others: tuple[str, ...], tmp_path: Path
) -> None:
    written(tmp_path, saved_model(*tags), "saved_model.pb")
    graphdef = read(str(tmp_path))
    assert graphdef.nodes[0].name == chosen
    assert graphdef.skipped_metagraphs == others


def test_what_a_metagraph_says_beside_its_graph(tmp_path: Path) -> None:
    message = message_class("MetaGraphDef")(graph_def=chain("Relu"))
    message.meta_info_def.tensorflow_version = "1.15.5"
    message.meta_info_def.stripped_op_list.op.add(name="Relu")
    message.collection_def["train_op"].node_list.value.append("n1")
    variable = b"\x0a\x0aconv/bias:0\x12\x03abc".replace(b"\x0a\x0aconv", b"\x0a\x0bconv")
    message.collection_def["variables"].bytes_list.value.extend([variable, b"\xff", b""])
    signature = message.signature_def["serving_default"]
    signature.inputs["images"].name = "n0:0"
    signature.outputs["scores"].name = "n1:0"
    signature.outputs["sparse"].coo_sparse.values_tensor_name = "n1:0"
    graphdef = read(written(tmp_path, message))
    assert (graphdef.format, graphdef.tensorflow_version) == ("metagraph", "1.15.5")
    assert graphdef.collections == {"train_op": ("n1",), "variables": ("conv/bias:0",)}
    (found,) = graphdef.signatures
    assert (found.key, found.inputs, found.outputs) == (
        "serving_default",
        {"images": "n0:0"},
        {"scores": "n1:0"},
    )


def test_the_version_of_a_graph_of_2015(tmp_path: Path) -> None:
    message = chain("Relu")
    assert read(written(tmp_path, message)).producer is None
    message.version = 8
    assert read(written(tmp_path, message)).producer == 8


def test_the_bytes_of_a_node_are_kept() -> None:
    """A record knows its bytes in the file, unknown fields and all."""
    graphdef = read(str(FIXTURES / "classic.pb"))
    node_class = message_class("NodeDef")
    for node in graphdef.nodes:
        assert node_class.FromString(node.span.bytes()).name == node.name


@pytest.mark.parametrize(
    "field",
    [b"\x20\x05", b"\x2a\x02\x08\x05", b"\x1a\x02\x08\x05", b"\x28\x05"],
    ids=["versions as a number", "another message", "a version as a message", "another number"],
)
def test_versions_are_field_4_and_a_message(field: bytes, tmp_path: Path) -> None:
    content = chain("Relu").SerializeToString()
    assert read(written(tmp_path, content + field)).producer is None
    assert read(written(tmp_path, b"\x22\x02\x08\x1b" + content + field)).producer == 27


def test_of_two_attributes_with_one_key_the_last_counts(tmp_path: Path) -> None:
    """A large one and a small one, in either order; asked for twice."""
    node = message_class("NodeDef")
    head = node(name="x", op="Numbers").SerializeToString()
    small, large = node(), node()
    small.attr["list"].i, large.attr["list"].s = 7, b"a" * 5000
    parts = small.SerializeToString(), large.SerializeToString()
    for order, expected in ((parts, b"a" * 5000), (parts[::-1], 7)):
        data = head + b"".join(order)
        whole = b"\x0a" + bytes([len(data) & 127 | 128, len(data) >> 7]) + data
        (found,) = read(written(tmp_path, whole)).nodes
        assert [found.attr("list"), found.attr("list", 1)] == [expected, expected]
        assert (found.attr("none"), found.attr("none", 3), "none" in found.attributes) == (None, 3, False)
        assert (len(found.attributes), list(found.attributes), found.attributes.get("list")) == (
            1, ["list"], expected,
        )  # fmt: skip
