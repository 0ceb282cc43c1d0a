"""Which MetaGraph of a SavedModel is read, and what is said where it holds no graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bninspect.errors import GraphDefError
from bninspect.graphdef import read
from bninspect.graphdef.schema import message_class
from tests.support.messages import chain, field, refusal, written


def savedmodel(*tags: str, version: int | None = 1) -> Any:
    """A SavedModel with a MetaGraph per tag (none for an empty one), each of one Placeholder and a Relu."""
    message = message_class("SavedModel")()
    if version is not None:
        message.saved_model_schema_version = version
    for tag in tags:
        part = message.meta_graphs.add()
        part.meta_info_def.meta_graph_version = ""
        part.meta_info_def.tags.extend([tag] if tag else [])
        part.meta_info_def.tensorflow_version = "1.15.5"
        part.graph_def.CopyFrom(chain("Relu", name=tag or "n"))
    return message


def test_a_savedmodel_without_a_schema_version(tmp_path: Path) -> None:
    """TensorFlow Hub writes none: the first field is the MetaGraph, where a GraphDef has its library."""
    graphdef = read(written(tmp_path, savedmodel("", "train", version=None)))
    assert (graphdef.format, graphdef.tensorflow_version) == ("savedmodel", "1.15.5")
    assert [node.name for node in graphdef.nodes] == ["n0", "n1"]
    assert graphdef.skipped_metagraphs == ("train",)


def test_a_savedmodel_whose_metagraphs_say_nothing_of_themselves(tmp_path: Path) -> None:
    message = savedmodel("", version=None)
    message.meta_graphs[0].ClearField("meta_info_def")
    assert read(written(tmp_path, message)).format == "savedmodel"


def test_a_graph_with_only_a_library_is_no_savedmodel(tmp_path: Path) -> None:
    """Its field 2 is the library of functions, in which a MetaGraph would have its graph second."""
    message = message_class("GraphDef")()
    message.library.function.add().signature.name = "f"
    message.library.gradient.add(function_name="f", gradient_func="g")
    assert "without a single node" in refusal(written(tmp_path, message))


def test_a_field_that_is_a_number_is_no_metagraph(tmp_path: Path) -> None:
    """Eight bytes that would be a node, as a number in field 2 of a GraphDef; then its versions."""
    node = b"\x0a\x06\x0a\x01a\x12\x01A"
    assert len(node) == 8
    assert "a graph without a single node" in refusal(written(tmp_path, b"\x11" + node + b"\x22\x02\x08\x1b"))


def test_the_served_metagraph_without_a_graph(tmp_path: Path) -> None:
    message = savedmodel("train", "serve")
    message.meta_graphs[1].ClearField("graph_def")
    assert refusal(written(tmp_path, message)) == "a MetaGraph without a graph"


def test_the_mark_of_a_hub_module_is_no_model(tmp_path: Path) -> None:
    assert "TensorFlow Hub" in refusal(written(tmp_path, b"\x08\x03", "tfhub_module.pb"))


def test_what_a_metagraph_does_not_say_is_none(tmp_path: Path) -> None:
    message = savedmodel("serve").meta_graphs[0]
    message.meta_info_def.tensorflow_version = ""
    graphdef = read(written(tmp_path, message))
    assert (graphdef.tensorflow_version, graphdef.restore_op, graphdef.captures) == (None, None, {})
    message.saver_def.restore_op_name = "save/restore_all"
    assert read(written(tmp_path, message)).restore_op == "save/restore_all"


def test_the_objects_that_functions_are_bound_to(tmp_path: Path) -> None:
    """In the order of the functions' names; the objects themselves, field 1, are stepped over."""
    message = savedmodel("serve").meta_graphs[0]
    message.object_graph_def.concrete_functions["g"].bound_inputs.extend([3, 1])
    message.object_graph_def.concrete_functions["f"].bound_inputs.extend([2])
    data = message.SerializeToString()
    assert list(read(written(tmp_path, data)).captures.items()) == [("f", (2,)), ("g", (3, 1))]
    number = b"\x38\x05"  # field 7 as a number
    assert read(written(tmp_path, data + number)).captures == {"f": (2,), "g": (3, 1)}


def test_the_collections_that_list_nodes_or_variables(tmp_path: Path) -> None:
    message = savedmodel("serve").meta_graphs[0]
    message.collection_def["losses"].node_list.value.extend(["b:0", "a:0"])
    named, number, broken = b"\x12\x01x\x0a\x01v", b"\x08\x05\x0a\x01w", b"\x0a\x09v"
    message.collection_def["variables"].bytes_list.value.extend([named, number, broken, b""])
    message.collection_def["steps"].int64_list.value.append(1)
    found = read(written(tmp_path, message)).collections
    assert found == {"losses": ("b:0", "a:0"), "steps": (), "variables": ("v",)}


@pytest.mark.parametrize("field", [b"\x0a\x02\x0a\x00", b"\x1a\x02hi"], ids=["field 1", "field 3"])
def test_only_field_2_of_a_savedmodel_is_a_metagraph(field: bytes, tmp_path: Path) -> None:
    """Field 2 as a number is none, either, and neither is a text in another field."""
    content = savedmodel("train", "serve").SerializeToString() + field + b"\x10\x07"
    graphdef = read(written(tmp_path, content))
    assert (graphdef.nodes[0].name, graphdef.skipped_metagraphs) == ("serve0", ("train",))


def test_the_facts_of_a_metagraph_are_its_first_field(tmp_path: Path) -> None:
    """Behind the graph, whose field 2 is no facts; field 1 as a number is none."""
    part = savedmodel("serve").meta_graphs[0]
    facts, graph_ = part.meta_info_def.SerializeToString(), part.graph_def.SerializeToString()
    content = b"".join((b"\x12", bytes([len(graph_)]), graph_, b"\x0a", bytes([len(facts)]), facts))
    assert read(written(tmp_path, content)).tensorflow_version == "1.15.5"


def test_a_savedmodel_of_text_that_has_no_graph(tmp_path: Path) -> None:
    text = b"saved_model_schema_version: 1\n"
    assert refusal(written(tmp_path, text)) == "a SavedModel without a graph"


def test_the_list_of_ops_is_stepped_over(tmp_path: Path) -> None:
    """Its bytes are not even parsed, and neither is what field 3 of the facts may hold."""
    graph_ = chain("Relu").SerializeToString()
    for number in (2, 3):
        facts = field(number, b"\xff") + field(4, b"serve") + field(5, b"2.21.0")
        found = read(written(tmp_path, field(1, facts) + field(2, graph_)))
        assert found.tensorflow_version == "2.21.0"
    with pytest.raises(GraphDefError, match="a MetaInfoDef that cannot be parsed"):
        read(written(tmp_path, field(1, field(5, b"\xff")) + field(2, graph_)))


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("node { name: 'x' op: 'A' }", "graphdef-text"),
        ("node { name: 'x' op: 'A' of_a_later_tensorflow: 3 }", None),
        ("graph_def { node { name: 'x' op: 'A' } } object_graph_def { nodes { } }", "metagraph-text"),
    ],
    ids=["known", "an unknown field of a node", "the objects of a SavedModel"],
)
def test_of_text_only_the_objects_may_be_unknown(text: str, read_as: str | None, tmp_path: Path) -> None:
    path = written(tmp_path, text.encode())
    if read_as is None:
        assert "text that is no GraphDef" in refusal(path)
    else:
        assert read(path).format == read_as
