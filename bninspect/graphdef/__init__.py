"""Bytes <-> records: models of any container as GraphDefs, read and written. The home of protobuf."""

from __future__ import annotations

from bninspect.graphdef.reader import read
from bninspect.graphdef.records import FunctionDef, FunctionRef, GraphDef, NodeDef
from bninspect.graphdef.tensors import TensorValue
from bninspect.graphdef.wire import Span

__all__ = [
    "FunctionDef",
    "FunctionRef",
    "GraphDef",
    "NodeDef",
    "Span",
    "TensorValue",
    "read",
]
