"""What a file is, by its content; and every foreign kind named as what it is, in one line with the path."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from bninspect.graphdef import read
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.sniff import binary_format
from tests.support.messages import chain, refusal, written
from tests.support.places import FIXTURES


def onnx_model() -> bytes:
    """A ModelProto as an exporter writes it: ir_version 8, producer_name, a graph with one node."""
    node = b"\x0a\x01x\x12\x01y\x22\x04Relu"
    graph = b"\x0a" + bytes([len(node)]) + node
    return b"\x08\x08\x12\x07pytorch\x1a\x032.1\x3a" + bytes([len(graph)]) + graph


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("config.json", "{}")
    return data.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0\nsize 95447303\n"
FOREIGN = {
    "empty": (b"", "an empty file (0 bytes)"),
    "lfs": (LFS, "Git LFS pointer, not the model: run `git lfs pull`"),
    "html": (b"<!DOCTYPE html>\n<html><head><title>Sign in</title>", "web page"),
    "html-spaced": (b"\n\n  <HTML>\n", "web page"),
    "xml": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "web page (HTML/XML)"),
    "onnx": (onnx_model(), "ONNX"),
    "onnx-anonymous": (b"\x08\x07\x3a\x0b\x0a\x09\x0a\x01x\x12\x01y\x22\x01R", "ONNX"),
    "tflite": (struct.pack("<I", 28) + b"TFL3" + bytes(64), "TFLite"),
    "gzip": (gzip.compress(chain("Relu").SerializeToString()), "gzip"),
    "zip": (zipped(), "zip archive"),
    "json": (json.dumps({"layers": [1, 2]}, indent=2).encode(), "JSON"),
    "json-list": (b"[1, 2, 3]", "JSON"),
    "checkpoint": (b'model_checkpoint_path: "model.ckpt-1"\n', "checkpoint"),
    "checkpoint-data": (bytes(5000), "zero bytes"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
    "pickle": (b"\x80\x02}q\x00.", "pickle"),
    "tar": (b"model.pb".ljust(257, b"\0") + b"ustar\x0000" + bytes(500), "tar archive"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(32), "PNG"),
    "python": (b"import tensorflow as tf\nx = 1\n", "text that begins with 'import tensorflow as tf'"),
    "noise": (bytes(range(255, 0, -1)), "not a TensorFlow graph"),
    "one byte": (b"\x0a", "not a TensorFlow graph"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_named_as_what_it_is(kind: str, tmp_path: Path) -> None:
    content, said = FOREIGN[kind]
    assert said in refusal(written(tmp_path, content))


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "image.jpg", "saved_module/fingerprint.pb"])
def test_fixtures_that_are_no_graphs(name: str) -> None:
    words = {"model.keras": ".keras", "model.h5": "HDF5", "image.jpg": "JPEG"}
    assert words.get(name, "not a TensorFlow graph") in refusal(str(FIXTURES / name))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("layers_fused_115.pb", "graphdef"),
        ("text.pbtxt", "graphdef-text"),
        ("train.meta", "metagraph"),
        ("saved_model_115", "savedmodel"),
        ("saved_model_115/saved_model.pb", "savedmodel"),
    ],
)
def test_each_format_by_its_content(path: str, kind: str, tmp_path: Path) -> None:
    assert read(str(FIXTURES / path)).format == kind
    if (FIXTURES / path).is_file():
        renamed = written(tmp_path, (FIXTURES / path).read_bytes(), "picture.jpg")
        assert read(renamed).format == kind, "the ending does not matter"


@pytest.mark.parametrize("kind", ["MetaGraphDef", "SavedModel"])
def test_the_text_form_of_the_others(kind: str, tmp_path: Path) -> None:
    from google.protobuf import text_format

    meta = message_class("MetaGraphDef")(graph_def=chain("Relu"))
    meta.meta_info_def.tags.append("serve")
    message = meta if kind == "MetaGraphDef" else message_class("SavedModel")(meta_graphs=[meta])
    if kind == "SavedModel":
        message.saved_model_schema_version = 1
    graphdef = read(written(tmp_path, text_format.MessageToString(message).encode()))
    assert graphdef.format == {"MetaGraphDef": "metagraph-text", "SavedModel": "savedmodel-text"}[kind]
    assert [node.op for node in graphdef.nodes] == ["Placeholder", "Relu"]


@pytest.mark.parametrize("head", ["# written by hand\n#\n", "\ufeff", "\r\n\r\n", "   # indented\n\n"])
def test_text_may_begin_with_comments_and_blank_lines(head: str, tmp_path: Path) -> None:
    text = head + 'node { name: "x" op: "Placeholder" }\n'
    assert read(written(tmp_path, text.encode())).nodes[0].name == "x"


def test_a_graph_whose_library_comes_first(tmp_path: Path) -> None:
    """Fields may stand in any order; a library before the nodes looks a little like a MetaGraph."""
    library = message_class("GraphDef")()
    library.library.function.add().signature.name = "f"
    data = library.SerializeToString() + chain("Relu").SerializeToString()
    graphdef = read(written(tmp_path, data))
    assert (graphdef.format, list(graphdef.functions)) == ("graphdef", ["f"])


def test_a_metagraph_that_says_nothing_about_itself(tmp_path: Path) -> None:
    """Its first field is the graph, which stands where a GraphDef has its library."""
    message = message_class("MetaGraphDef")(graph_def=chain("Relu"))
    message.signature_def["a"].outputs["y"].name = "n1:0"
    message.collection_def["b"].node_list.value.append("n1")
    graphdef = read(written(tmp_path, message))
    assert (graphdef.format, len(graphdef.nodes), len(graphdef.signatures)) == ("metagraph", 2, 1)


def test_a_graph_without_a_node(tmp_path: Path) -> None:
    message = message_class("GraphDef")()
    message.versions.producer = 134
    assert "without a single node" in refusal(written(tmp_path, message))


def test_folders_and_missing_files(tmp_path: Path) -> None:
    told = refusal(str(tmp_path))
    assert "a folder without saved_model.pb" in told
    assert "a checkpoint by its prefix" in told
    assert refusal(str(tmp_path / "none.pb")) == "No such file or directory"
    assert "not a regular file" in refusal("/dev/null")


def test_a_path_that_no_file_can_have() -> None:
    with pytest.raises(Exception, match="null") as caught:
        read("a\0b")
    assert type(caught.value).__name__ == "GraphDefError"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = Path(written(tmp_path, chain("Relu")))
    path.chmod(0)
    assert refusal(str(path)) == "Permission denied"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = chain("Relu", "Relu").SerializeToString()
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    graphdef = read(str(pipe))
    writer.join()
    assert (len(graphdef.nodes), graphdef.size) == (3, len(content))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    content = chain("Relu").SerializeToString()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    graphdef = read("-")
    assert (graphdef.path, graphdef.size, len(graphdef.nodes)) == ("-", len(content), 2)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert refusal("-") == "an empty file (0 bytes)"


def test_whitespace_alone_is_judged_at_once(tmp_path: Path) -> None:
    assert "not a TensorFlow graph" in refusal(written(tmp_path, b"\n" * 65536))
    assert "not a TensorFlow graph" in refusal(written(tmp_path, b" " * 65536))


def test_a_field_of_another_type_holds_no_graph() -> None:
    """Field 2 as a fixed64 whose eight bytes would read as a node, before versions: no MetaGraph, and not
    refused for a field that is not known.
    """
    node = b"\x0a\x06\x0a\x01x\x12\x01R"
    versions = b"\x22\x02\x08\x01"
    assert len(node) == 8
    content = b"\x11" + node + versions
    assert binary_format(content, len(content)) == "graphdef"
    whole = b"\x12\x08" + node
    assert binary_format(whole, len(whole)) == "metagraph"


def onnx_by(producer: bytes, version: int = 7) -> bytes:
    """The head of a ModelProto: ir_version, producer_name, graph."""
    return bytes([8, version, 0x12, len(producer)]) + producer + b"\x3a\x00"


@pytest.mark.parametrize(
    ("data", "is_onnx"),
    [
        (onnx_by(b"p" * 63), True),
        (onnx_by(b"p" * 64), False),
        (onnx_by(b"p" * 65), False),
        (onnx_by(b"pytorch", 63), True),
        (onnx_by(b"pytorch", 64), False),
        (onnx_by(b"py\ntorch"), False),
    ],
)
def test_an_onnx_file_has_a_small_version_and_a_short_producer(
    data: bytes, is_onnx: bool, tmp_path: Path
) -> None:
    assert ("ONNX" in refusal(written(tmp_path, data))) == is_onnx


@pytest.mark.parametrize(("zeros", "told"), [(4095, False), (4096, True)])
def test_zero_bytes_are_told_by_the_first_4096(zeros: int, told: bool, tmp_path: Path) -> None:
    path = written(tmp_path, bytes(zeros) + b"\x08\x01" * 100)
    assert ("it begins with zero bytes only" in refusal(path)) is told
