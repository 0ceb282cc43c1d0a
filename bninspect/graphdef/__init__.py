"""Bytes <-> Graph: models of any container, their nodes, edges and functions. The home of protobuf."""

from __future__ import annotations

from bninspect.graphdef.collector import collector_held_off
from bninspect.graphdef.flatten import flatten
from bninspect.graphdef.graph import Graph, Node, Signature, Tensor, Use
from bninspect.graphdef.outputs import model_outputs
from bninspect.graphdef.reader import read
from bninspect.graphdef.records import FunctionDef, FunctionRef, GraphDef, NodeDef, Span
from bninspect.graphdef.tensors import TensorValue

__all__ = [
    "FunctionDef",
    "FunctionRef",
    "Graph",
    "GraphDef",
    "Node",
    "NodeDef",
    "Signature",
    "Span",
    "Tensor",
    "TensorValue",
    "Use",
    "collector_held_off",
    "flatten",
    "load",
    "model_outputs",
    "read",
]


def load(path: str) -> Graph:
    """The graph of the model at this path: `.pb`, `.pbtxt`, `.meta`, a SavedModel, `-` for standard input.

    Raises GraphDefError: one line that says what the file seems to be and what to do.
    """
    with collector_held_off():
        return flatten(read(path))
