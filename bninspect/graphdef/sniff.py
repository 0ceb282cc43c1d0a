"""What a file is, by its content and never by its ending; and what a foreign file seems to be."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from bninspect.errors import GraphDefError
from bninspect.graphdef import wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.graphdef.wire import Buffer

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"version https://git-lfs.github.com/spec", "a Git LFS pointer, not the model: run `git lfs pull`"),
    (0, b"\x1f\x8b", "gzip-compressed: unpack it first (gunzip)"),
    (0, b"PK\x03\x04", "a zip archive (a .keras model, a zipped folder)"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"BZh", "bzip2-compressed: unpack it first"),
    (0, b"\xfd7zXZ", "xz-compressed: unpack it first"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras .h5)"),
    (4, b"TFL3", "a TFLite model, in which batch norm is already folded"),
    (257, b"ustar", "a tar archive: unpack it first"),
    (0, b"\x93NUMPY", "a NumPy file"),
    (0, b"\x80\x02", "a Python pickle (PyTorch?), which is never loaded"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7fELF", "a program (ELF)"),
)  # fmt: skip
_ARCHIVES = {b"PK\x03\x04": "zip", b"\x89HDF\r\n\x1a\n": "hdf5"}
_HTML = re.compile(rb"\s*(<!doctype html|<html|<head|<\?xml)", re.IGNORECASE)
_JSON = re.compile(rb"\s*[{\[]")
_TEXT_FIELDS: tuple[tuple[bytes, str], ...] = (
    (rb"saved_model_schema_version\s*:|meta_graphs\s*\{", "savedmodel"),
    (rb"meta_info_def\s*[:{]|graph_def\s*[:{]|collection_def\s*[:{]|saver_def\s*[:{]", "metagraph"),
    (rb"node\s*[:{<]|library\s*[:{<]|versions\s*[:{<]", "graphdef"),
)
_MOST_FIELDS = 65
"""Fields at the beginning of a message among which one is looked for."""
_LARGEST_HEAD = 1 << 16
"""Bytes of a text in which its first field has to stand."""
_OP_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_.>/\\-]*\Z")


class ArchiveError(GraphDefError):
    """An archive in which Keras keeps its models; handed on to whoever can open it."""

    def __init__(self, message: str, kind: str, buffer: Buffer) -> None:
        super().__init__(message)
        self.kind = kind
        """`zip` or `hdf5`."""
        self.buffer = buffer


def refuse_foreign(buffer: Buffer, size: int) -> None:
    """Raise GraphDefError, naming what the file is, where it is empty or plainly something else; ArchiveError
    where Keras may have written it.
    """
    if size == 0:
        raise GraphDefError("an empty file (0 bytes)")
    for offset, magic, what in _MAGIC:
        if buffer[offset : offset + len(magic)] == magic:
            said = f"not a TensorFlow graph: this is {what}"
            if magic in _ARCHIVES:
                raise ArchiveError(said, _ARCHIVES[magic], buffer)
            raise GraphDefError(said)
    head = bytes(buffer[:4096])
    if _HTML.match(head):
        raise GraphDefError(
            "not a TensorFlow graph: this is a web page (HTML/XML); was the download a log-in page?"
        )
    if _is_hub_marker(buffer, size):
        raise GraphDefError(
            "the mark that TensorFlow Hub leaves in the folder of a module, and no graph: name the folder"
        )
    if _looks_like_onnx(buffer, size):
        raise GraphDefError("not a TensorFlow graph: this is an ONNX model")
    if not head.strip(b"\0"):
        raise GraphDefError("not a TensorFlow graph: it begins with zero bytes only")


def text_format(buffer: Buffer) -> str | None:
    """`graphdef`, `metagraph` or `savedmodel` where the file is protobuf text, else None.

    Raises GraphDefError for text that is none of them.
    """
    head = bytes(buffer[:_LARGEST_HEAD])
    if any(byte < 9 or 13 < byte < 32 for byte in head[:4096]):
        return None
    text = re.sub(rb"(?m)^[ \t]*#.*$", b"", head).lstrip(b"\xef\xbb\xbf \t\r\n")
    for pattern, name in _TEXT_FIELDS:
        if re.match(pattern, text):
            return name
    if _JSON.match(text):
        raise GraphDefError("not a TensorFlow graph: this looks like JSON")
    if re.match(rb"model_checkpoint_path\s*:", text):
        raise GraphDefError("this is a `checkpoint` index file: name the .meta file beside it instead")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if b"\n" in head[:512] and not head.startswith(b"\n"):
        line = text.splitlines()[0][:40].decode("utf-8", "replace") if text else ""
        raise GraphDefError(f"not a TensorFlow graph: this is text that begins with {line!r}")
    return None


def binary_format(buffer: Buffer, size: int) -> str:
    """`graphdef`, `metagraph` or `savedmodel` by the shape of the fields. Raises GraphDefError otherwise."""
    if _is_savedmodel(buffer, 0, size):
        return "savedmodel"
    if _is_metagraph(buffer, 0, size):
        return "metagraph"
    if _is_graphdef(buffer, 0, size):
        return "graphdef"
    raise GraphDefError("not a TensorFlow graph: no GraphDef, MetaGraph or SavedModel begins like this")


def _first(buffer: Buffer, start: int, end: int, number: int) -> wire.Field | None:
    """The first field of this number among the first few, or None; a broken walk ends the search."""
    fields = islice(wire.fields(buffer, start, end), _MOST_FIELDS)
    try:
        return next((field for field in fields if field.number == number), None)
    except GraphDefError:
        return None


def _is_graphdef(buffer: Buffer, start: int, end: int) -> bool:
    """Its first node has a name and an op; or it has no node but versions."""
    node = _first(buffer, start, end, 1)
    if node is None:
        if _holds(buffer, start, end, _begins_with_a_node):
            return False  # a MetaGraph that says nothing about itself
        versions = _first(buffer, start, end, 4) or _first(buffer, start, end, 2)
        return start == end or (versions is not None and versions.wire == wire.LENGTH)
    return _begins_with_a_node(buffer, start, end)


def _begins_with_a_node(buffer: Buffer, start: int, end: int) -> bool:
    """Whether its first field 1 is a message with a name and an op."""
    node = _first(buffer, start, end, 1)
    if node is None or node.wire != wire.LENGTH:
        return False
    name, op = _first(buffer, node.start, node.end, 1), _first(buffer, node.start, node.end, 2)
    if name is None or op is None or name.wire != wire.LENGTH or op.wire != wire.LENGTH:
        return False
    return op.end - op.start < 256 and _OP_NAME.match(bytes(buffer[op.start : op.end])) is not None


def _holds(buffer: Buffer, start: int, end: int, check: Callable[[Buffer, int, int], bool]) -> bool:
    """Whether its first field 2 is a message that passes the check."""
    field = _first(buffer, start, end, 2)
    return field is not None and field.wire == wire.LENGTH and check(buffer, field.start, field.end)


def _is_metagraph(buffer: Buffer, start: int, end: int) -> bool:
    """Field 2 is a GraphDef (in a GraphDef it would be the library, whose first field is a function)."""
    first = _first(buffer, start, end, 1)
    may_be = first is None or first.wire == wire.LENGTH
    return may_be and not _is_graphdef(buffer, start, end) and _holds(buffer, start, end, _is_graphdef)


def _is_savedmodel(buffer: Buffer, start: int, end: int) -> bool:
    """Field 2 is a MetaGraph, and field 1 a number: the schema version, which the exporter of TensorFlow Hub
    leaves out.
    """
    first = _first(buffer, start, end, 1)
    return (first is None or first.wire == wire.VARINT) and _holds(buffer, start, end, _is_metagraph)


def _is_hub_marker(buffer: Buffer, size: int) -> bool:
    """ModuleDef of TensorFlow Hub: a file that holds the number of a format (1, varint) and nothing else."""
    first = _first(buffer, 0, size, 1)
    return first is not None and first.wire == wire.VARINT and first.begin == 0 and first.end == size


def _looks_like_onnx(buffer: Buffer, size: int) -> bool:
    """ModelProto: ir_version (1, varint), then producer_name (2) as a short text, or the graph (7)."""
    version = _first(buffer, 0, size, 1)
    if version is None or version.begin != 0 or version.wire != wire.VARINT or not 1 <= version.value < 64:
        return False
    producer = _first(buffer, 0, size, 2)
    if producer is None:
        return _first(buffer, 0, size, 7) is not None
    if producer.wire != wire.LENGTH or producer.end - producer.start >= 64:
        return False
    text = bytes(buffer[producer.start : producer.end])
    return text.isascii() and text.decode().isprintable()
