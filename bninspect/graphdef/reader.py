"""File -> records: the nodes are read, the weights are stepped over.

Reading never executes anything. Any bytes give a GraphDef or a GraphDefError, in time and memory bounded by
the file.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError, one_line
from bninspect.graphdef import sniff, wire
from bninspect.graphdef.dtypes import dtype_name
from bninspect.graphdef.functions.returns import named_anew, with_returns
from bninspect.graphdef.metagraph import graph_in, served
from bninspect.graphdef.nodes import NodeReader
from bninspect.graphdef.records import FunctionDef, GraphDef
from bninspect.graphdef.schema import from_text
from bninspect.graphdef.source import FileBytes
from bninspect.graphdef.tensors import parse
from bninspect.graphdef.wire import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graphdef.wire import Buffer


def read(path: str) -> GraphDef:
    """The records of the model at this path (`-`: standard input), whatever its container.

    Raises GraphDefError, with the path in front, for anything else.
    """
    if not path:
        raise GraphDefError("the path of the model is empty")
    with naming(path):
        return records(_open(path), path)


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Puts the path in front of what is wrong with the file at it; always a GraphDefError of one line."""
    try:
        yield
    except sniff.ArchiveError as error:
        raise sniff.ArchiveError(f"{path}: {one_line(error)}", error.kind, error.buffer) from None
    except GraphDefError as error:
        raise GraphDefError(f"{path}: {one_line(error)}") from None
    except OSError as error:
        raise GraphDefError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the path
        raise GraphDefError(f"{path!r}: {error}") from None


def _open(path: str) -> Buffer:
    """The bytes of the file; of a regular one where it lies, so that only what is asked for is read."""
    if path == "-":
        if sys.stdin is None:
            raise GraphDefError("standard input is closed")
        return sys.stdin.buffer.read()
    if os.path.isdir(path):
        path = _savedmodel_in(path)
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        raise GraphDefError("not a regular file")
    if stat.S_ISFIFO(mode):
        with open(path, "rb") as stream:
            return stream.read()
    return FileBytes(path)


def _savedmodel_in(folder: str) -> str:
    """The graph file of a SavedModel folder."""
    for name in ("saved_model.pb", "saved_model.pbtxt"):
        file = os.path.join(folder, name)
        if os.path.isfile(file):
            return file
    raise GraphDefError(
        "a folder without saved_model.pb or a checkpoint file that names one: name a file, the folder of a "
        "SavedModel, or a checkpoint by its prefix"
    )


def records(buffer: Buffer, path: str) -> GraphDef:
    """The records in these bytes, which came from this path.

    Sniffed, then read; text is turned into binary first, so that there is one reader.
    """
    size = len(buffer)
    sniff.refuse_foreign(buffer, size)
    kind = sniff.text_format(buffer)
    suffix = ""
    if kind is not None:
        suffix, buffer = "-text", _binary_of_text(buffer, kind)
    else:
        kind = sniff.binary_format(buffer, size)
    whole = Span(buffer, 0, len(buffer))
    facts: dict[str, Any] = {"path": path, "format": kind + suffix, "size": size}
    if kind == "savedmodel":
        whole, facts["skipped_metagraphs"] = served(whole)
    if kind != "graphdef":
        whole = graph_in(whole, facts)
    return _read_graph(whole, facts)


def _binary_of_text(buffer: Buffer, kind: str) -> bytes:
    """Protobuf text as the binary message. Raises GraphDefError with the line where it is none."""
    name = {"graphdef": "GraphDef", "metagraph": "MetaGraphDef", "savedmodel": "SavedModel"}[kind]
    # The object graph of a SavedModel is not in the schema, and nothing is written back from one.
    message = from_text(name, bytes(buffer), lenient=kind != "graphdef")
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _read_graph(span: Span, facts: dict[str, Any]) -> GraphDef:
    """The nodes, the library and the versions of a GraphDef."""
    reader = NodeReader(span, "GraphDef")
    functions: dict[str, FunctionDef] = {}
    rest: list[Span] = []
    for field in reader.others():
        if field.number == 2 and field.wire == wire.LENGTH:
            rest.extend(_read_library(Span(span.buffer, field.start, field.end), functions))
        elif field.number == 4 and field.wire == wire.LENGTH:
            versions = Span(span.buffer, field.start, field.end)
            facts |= {"producer": parse("VersionDef", versions.bytes()).producer, "versions": versions}
        elif field.number == 3 and field.wire == wire.VARINT:
            facts.setdefault("producer", field.value)
    nodes = reader.nodes()
    if not nodes:
        raise GraphDefError("a graph without a single node: cut short, or not a GraphDef")
    facts.setdefault("producer", None)
    return GraphDef(nodes=nodes, functions=functions, library_rest=tuple(rest), **facts)


def _read_library(span: Span, functions: dict[str, FunctionDef]) -> Iterator[Span]:
    """The functions of a library go into `functions`; yields the places of all else in it."""
    for field in wire.fields(*span):
        if field.number == 1 and field.wire == wire.LENGTH:
            function = _function(Span(span.buffer, field.start, field.end))
            functions[function.name] = function
        else:
            yield Span(span.buffer, field.begin, field.end)


def _function(span: Span) -> FunctionDef:
    """One function: its signature, its nodes as records, what it returns."""
    reader = NodeReader(span, "FunctionDef")
    rest = bytearray()
    for field in reader.others():
        if field.number in (1, 4, 6):
            rest += span.buffer[field.begin : field.end]
    message = parse("FunctionDef", bytes(rest))
    nodes, returns = reader.nodes(), dict(message.ret)
    renamed = named_anew(returns, nodes)
    return FunctionDef(
        name=message.signature.name,
        arguments=tuple(argument.name for argument in message.signature.input_arg),
        takes_handles=any(dtype_name(one.type) == "resource" for one in message.signature.input_arg),
        outputs=tuple(argument.name for argument in message.signature.output_arg),
        returns=returns | renamed,
        control_returns=tuple(message.control_ret.values()),
        nodes=nodes,
        span=with_returns(span, returns | renamed) if renamed else span,
        place=span,
        misnamed=tuple(returns[key] for key in renamed),
    )
