"""What bytes begin with decides what they are: each signature, in its place, and just beside a bound."""

from __future__ import annotations

import sys

import pytest

from bninspect.errors import GraphDefError
from bninspect.graphdef import read
from bninspect.graphdef.sniff import ArchiveError, binary_format, refuse_foreign, text_format
from tests.support.messages import field

SIGNATURES = [
    (0, b"version https://git-lfs.github.com/spec", "a Git LFS pointer"),
    (0, b"\x1f\x8b", "gzip-compressed"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"BZh", "bzip2-compressed"),
    (0, b"\xfd7zXZ", "xz-compressed"),
    (4, b"TFL3", "a TFLite model"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x93NUMPY", "a NumPy file"),
    (0, b"\x80\x02", "a Python pickle"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7fELF", "a program (ELF)"),
]
SCHEMA = b"saved_model_schema_version: 1\n"


def refused(content: bytes) -> str:
    """What is said of it; nothing if it may be a graph."""
    try:
        refuse_foreign(content, len(content))
    except GraphDefError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("offset", "magic", "what"), SIGNATURES, ids=[what for _, _, what in SIGNATURES])
def test_a_signature_stands_in_its_place(offset: int, magic: bytes, what: str) -> None:
    behind = b"\x0a\x00" * 200
    assert refused(behind[:offset] + magic + behind).startswith(f"not a TensorFlow graph: this is {what}")
    assert what not in refused(behind[: offset + 1] + magic + behind)


@pytest.mark.parametrize(("magic", "kind"), [(b"PK\x03\x04", "zip"), (b"\x89HDF\r\n\x1a\n", "hdf5")])
def test_an_archive_of_keras_is_handed_on(magic: bytes, kind: str) -> None:
    content = magic + bytes(20)
    with pytest.raises(ArchiveError, match=r"not a TensorFlow graph: this is an? ") as caught:
        refuse_foreign(content, len(content))
    assert (caught.value.kind, caught.value.buffer) == (kind, content)
    assert not isinstance(_error(b"PK\x05\x06" + bytes(20)), ArchiveError)


def _error(content: bytes) -> GraphDefError:
    with pytest.raises(GraphDefError) as caught:
        refuse_foreign(content, len(content))
    return caught.value


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"node {\n", "graphdef"),
        (b"library { }", "graphdef"),
        (b"versions: {", "graphdef"),
        (b"node <", "graphdef"),
        (b"graph_def {", "metagraph"),
        (b"meta_info_def:", "metagraph"),
        (SCHEMA, "savedmodel"),
        (b"meta_graphs {", "savedmodel"),
        (b" # a comment\n\t" + SCHEMA, "savedmodel"),
        (b"\x0a\x00node {", None),
        (b"node { \x0e", None),
        (b"node { \x1f", None),
        (b"node { \x08", None),
        (b"node { \x0d\x09 \x20", "graphdef"),
        (b"node {" + b" " * 4089 + b"\x01", None),
        (b"node {" + b" " * 4090 + b"\x01", "graphdef"),
        (b"", None),
        (b"\xff\xfe\n\xff", None),
        (b"one line of words", None),
        (b"\nlines\n", None),
        (b"x" * 511 + b"\n", "text"),
        (b"x" * 512 + b"\n", None),
        (b"#\nwords\n", "text"),
    ],
    ids=[
        "node", "library", "versions", "in angle brackets", "graph", "facts", "schema", "metagraphs",
        "behind a comment", "a zero byte", "control 14", "control 31",
        "control 8", "white space", "a control in the first 4096", "behind them", "nothing", "no UTF-8",
        "no line", "an empty line first", "a line of 512", "a longer line", "a comment first",
    ],
)  # fmt: skip
def test_protobuf_text_is_known_by_its_first_field(content: bytes, kind: str | None) -> None:
    if kind == "text":
        with pytest.raises(GraphDefError, match="this is text that begins with '"):
            text_format(content)
    else:
        assert text_format(content) == kind


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[\n", "this looks like JSON"),
        (b' {"a"', "this looks like JSON"),
        (b"model_checkpoint_path : ", "name the .meta file beside it instead"),
        (b"a" * 50 + b"\n", "this is text that begins with '" + "a" * 40 + "'"),
        (b"# alone\n", "this is text that begins with ''"),
    ],
)
def test_text_of_another_kind_is_named(content: bytes, said: str) -> None:
    with pytest.raises(GraphDefError) as caught:
        text_format(content)
    assert str(caught.value).endswith(said)


NODE = field(1, field(1, b"x") + field(2, b"Relu"))
VERSIONS = field(4, b"\x08\x1b")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (NODE, "graphdef"),
        (VERSIONS, "graphdef"),
        (VERSIONS + NODE, "graphdef"),
        (b"\x18\x08" * 64 + NODE, "graphdef"),
        (b"\x18\x08" * 65 + NODE, None),
        (b"\x09\x0a\x03xyz\x12\x01R", None),
        (field(1, b"\x09Identity" + field(2, b"Relu")), None),
        (field(1, field(1, b"x") + b"\x11Identity"), None),
        (field(2, NODE), "metagraph"),
        (field(1, field(4, b"serve")) + field(2, NODE), "metagraph"),
        (field(2, field(2, NODE)), "savedmodel"),
        (b"\x08\x01" + field(2, field(2, NODE)), "savedmodel"),
        (field(1, b"\x20\x01") + field(2, field(2, NODE)), None),
        (b"\x08\x01" + field(2, NODE), None),
        (b"\x20\x08", None),
        (field(1, field(1, b"x")), None),
        (field(1, field(2, b"Relu")), None),
        (field(1, b"\x08\x01" + field(2, b"Relu")), None),
        (field(1, field(1, b"x") + b"\x10\x01"), None),
        (field(1, field(1, b"x") + field(2, b"no op")), None),
        (field(1, field(1, b"x") + field(2, b"")), None),
        (field(1, field(1, b"x") + field(2, b"R" * 255)), "graphdef"),
        (field(1, field(1, b"x") + field(2, b"R" * 256)), None),
        (field(2, b""), "graphdef"),
    ],
    ids=[
        "a node", "versions alone", "versions first", "64 fields first", "65 fields first",
        "a node of eight bytes", "a name of eight bytes", "an op of eight bytes", "a graph in field 2",
        "facts and a graph", "a metagraph in field 2", "a version and a metagraph",
        "no version and a metagraph", "a version and a graph", "versions that are a number", "no op",
        "no name", "a name that is a number", "an op that is a number", "an op with a space",
        "an empty op", "an op of 255", "an op of 256", "an empty library",
    ],
)  # fmt: skip
def test_bytes_are_known_by_the_shape_of_their_fields(content: bytes, kind: str | None) -> None:
    if kind is None:
        with pytest.raises(GraphDefError, match="no GraphDef, MetaGraph or SavedModel begins like this"):
            binary_format(content, len(content))
    else:
        assert binary_format(content, len(content)) == kind


@pytest.mark.parametrize(
    ("content", "is_onnx"),
    [
        (b"\x08\x01" + field(2, b"pytorch"), True),
        (b"\x08\x00" + field(2, b"pytorch"), False),
        (b"\x08\x3f" + field(7, b""), True),
        (b"\x08\x40" + field(7, b""), False),
        (b"\x08\x07" + field(3, b"1"), False),
        (b"\x08\x07\x10\x07", False),
        (b"\x08\x07" + field(2, b"\xc3\xa9"), False),
        (b"\x08\x07" + field(2, b"a\nb"), False),
        (b"\x08\x07" + field(2, b"p" * 64), False),
        (b"\x18\x07\x08\x07" + field(7, b""), False),
        (b"\x08\x07\x11producer", False),
        (b"\x08\x07" + field(2, b"p" * 63), True),
        (field(1, b"\x08") + field(7, b""), False),
    ],
    ids=[
        "a producer", "version 0", "a graph", "version 64", "neither", "a producer that is a number",
        "of other letters", "of two lines", "too long", "the version second", "a producer of eight bytes",
        "as long as may be",
        "a version that is a text",
    ],
)  # fmt: skip
def test_a_model_of_onnx_has_a_version_and_a_producer_or_a_graph(content: bytes, is_onnx: bool) -> None:
    assert ("ONNX" in refused(content)) is is_onnx


@pytest.mark.parametrize(
    ("content", "is_mark"),
    [(b"\x08\x03", True), (b"\x08\x83\x01", True), (b"\x08\x03\x08\x03", False), (b"\x10\x03", False),
     (b"\x0a\x01a", False), (b"\x10\x01\x08\x03", False)],
    ids=["a number", "a large one", "two", "another field", "a text", "a number second"],
)  # fmt: skip
def test_a_file_of_one_number_is_the_mark_of_a_hub_module(content: bytes, is_mark: bool) -> None:
    assert ("TensorFlow Hub" in refused(content)) is is_mark


def test_an_empty_path_is_no_model() -> None:
    with pytest.raises(GraphDefError, match=r"^the path of the model is empty$"):
        read("")


def test_a_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(GraphDefError, match=r"^-: standard input is closed$"):
        read("-")
