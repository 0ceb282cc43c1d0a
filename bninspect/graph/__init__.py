"""Graph: the nodes of a model joined by their edges, with every call of a function written out."""

from __future__ import annotations

from bninspect.collector import collector_held_off
from bninspect.graph.functions.flatten import flatten
from bninspect.graph.graph import Graph, Node, Signature, Tensor, Use
from bninspect.graph.outputs import model_outputs
from bninspect.graphdef import read

__all__ = [
    "Graph",
    "Node",
    "Signature",
    "Tensor",
    "Use",
    "collector_held_off",
    "flatten",
    "load",
    "model_outputs",
]


def load(path: str) -> Graph:
    """The graph of the model at this path: `.pb`, `.pbtxt`, `.meta`, a SavedModel, `-` for standard input.

    Raises GraphDefError: one line that says what the file seems to be and what to do.
    """
    with collector_held_off():
        return flatten(read(path))
